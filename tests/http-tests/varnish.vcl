vcl 4.1;

# A plain cache before 127.0.0.1:ORIGIN: nothing but what Varnish does on its own.
backend default {
  .host = "127.0.0.1";
  .port = "ORIGIN";
}
