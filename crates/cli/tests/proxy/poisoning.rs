//! What one client says must not be in what another one gets.

use crate::GREEDY;
use crate::server::{Asked, Origin, Proxy, page, status};

const EVIL: &str = "evil.example";

/// A service that believes what requests say, and repeats it.
fn gullible() -> Origin {
    Origin::start(|asked: &Asked| {
        let head = asked.head.to_ascii_lowercase();
        let is_method_taken = head.contains("method-override: post");
        if is_method_taken || head.contains("x-oversized") {
            return "HTTP/1.1 400 Bad Request\r\ncontent-length: 4\r\n\r\nevil".to_owned();
        }
        // Paths are files: the service decodes none.
        if asked.target().contains('%') {
            return "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nevil".to_owned();
        }
        page("", &asked.head)
    })
}

/// What somebody gets who asks after an attack.
fn after(proxy: &Proxy, attack: &str, target: &str) -> String {
    proxy.raw(attack.as_bytes());
    proxy.get(target)
}

#[test]
fn fields_that_are_in_no_key_are_not_sent_for_copies() {
    let origin = gullible();
    let proxy = Proxy::start(GREEDY, &origin);
    for (nth, field) in [
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: evil.example",
        "X-Forwarded-Scheme: evil.example",
        "X-Forwarded-Port: evil.example",
        "X-Forwarded-Prefix: /evil.example",
        "X-Forwarded-For: evil.example",
        "X_Forwarded_Host: evil.example",
        "Forwarded: host=evil.example",
        "X-Host: evil.example",
        "X-Original-Host: evil.example",
        "X-Original-URL: /evil.example",
        "X-Rewrite-URL: /evil.example",
        "X-HTTP-Method-Override: POST",
        "X-Method-Override: POST",
        "Range: bytes=0-0",
        "If-None-Match: evil.example",
        "X-Oversized: evil.example",
    ]
    .iter()
    .enumerate()
    {
        let target = format!("/{nth}");
        let attack = format!(
            "GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{field}\r\n\r\n"
        );
        let got = after(&proxy, &attack, &target);
        assert_eq!(status(&got), "200", "{field}: {got}");
        assert!(!got.contains(EVIL), "{field}: {got}");
    }
}

#[test]
fn a_field_that_the_policy_declares_is_in_the_key() {
    let origin = gullible();
    let policy = GREEDY
        .replace(
            "site all {",
            "request { header x-forwarded-proto in [http, https] else http }\nsite all {",
        )
        .replace("  ttl 1h", "  vary x-forwarded-proto\n  ttl 1h");
    let proxy = Proxy::start(&policy, &origin);
    let attack = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nX-Forwarded-Proto: https\r\n\r\n";
    assert!(
        proxy
            .raw(attack.as_bytes())
            .contains("x-forwarded-proto: https")
    );
    assert!(!proxy.get("/").contains("x-forwarded-proto"));
}

#[test]
fn a_host_is_that_of_the_key() {
    let origin = gullible();
    let proxy = Proxy::start(GREEDY, &origin);
    for (nth, head) in [
        "GET http://shop.example/TARGET HTTP/1.1\r\nHost: evil.example\r\n",
        "GET http://evil.example@shop.example/TARGET HTTP/1.1\r\nHost: evil.example\r\n",
        "GET http://evil.example/TARGET HTTP/1.1\r\nHost: shop.example\r\n",
        "GET /TARGET HTTP/1.1\r\nHost: shop.example\r\nHost: evil.example\r\n",
        "GET /TARGET HTTP/1.1\r\nHost: evil.example\r\nHost: shop.example\r\n",
        "GET /TARGET HTTP/1.1\r\nHost: evil.example\r\n",
        "GET /TARGET HTTP/1.1\r\nHost: shop.example\r\nConnection: Host\r\n",
    ]
    .iter()
    .enumerate()
    {
        let head = head.replace("TARGET", &nth.to_string());
        let attack = format!("{head}Connection: close\r\n\r\n");
        let got = after(&proxy, &attack, &format!("/{nth}"));
        assert!(!got.contains(EVIL), "{head}: {got}");
        assert!(
            got.to_ascii_lowercase().contains("host: shop.example"),
            "{got}"
        );
    }
}

#[test]
fn targets_with_one_key_are_one_request() {
    let origin = gullible();
    let policy = GREEDY.replace("site all {", "request { ignore query [utm_*] }\nsite all {");
    let proxy = Proxy::start(&policy, &origin);
    for (attack, target) in [
        ("/%61ccount", "/account"),
        ("/a?utm_source=evil.example", "/a"),
        ("/b?%75tm_source=evil.example&x=1", "/b?x=1"),
    ] {
        let attack =
            format!("GET {attack} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
        let got = after(&proxy, &attack, target);
        assert_eq!(status(&got), "200", "{attack}: {got}");
        assert!(!got.contains(EVIL), "{attack}: {got}");
    }
    // Others are others.
    for (attack, target) in [
        ("/c/..%2fd", "/d"),
        ("/c;x=1", "/c"),
        ("/c//d", "/c/d"),
        ("/c%3fx", "/c?x"),
    ] {
        let attack =
            format!("GET {attack} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
        proxy.raw(attack.as_bytes());
        let got = proxy.get(target);
        assert!(got.contains(&format!("GET {target} ")), "{attack}: {got}");
    }
}

#[test]
fn a_get_with_content_makes_no_copy() {
    let origin = gullible();
    let proxy = Proxy::start(GREEDY, &origin);
    for (nth, content) in [
        "Content-Length: 4\r\n\r\nevil",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
    ]
    .iter()
    .enumerate()
    {
        let attack =
            format!("GET /{nth} HTTP/1.1\r\nHost: shop.example\r\nX-Mark: {EVIL}\r\n{content}");
        let got = after(&proxy, &attack, &format!("/{nth}"));
        assert!(!got.contains(EVIL), "{got}");
    }
}

#[test]
fn no_request_hides_in_another_one() {
    let origin = gullible();
    let proxy = Proxy::start(GREEDY, &origin);
    let hidden = "GET /evil HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    let length = hidden.len();
    for framing in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{hidden}"),
        format!("Content-Length: {length}\r\nTransfer-Encoding: xchunked\r\n\r\n{hidden}"),
        format!("Content-Length: {length}\r\nTransfer-Encoding : chunked\r\n\r\n{hidden}"),
        format!(
            "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n{hidden}"
        ),
        format!("Content-Length: {length}\r\nTransfer-Encoding:\x0bchunked\r\n\r\n{hidden}"),
        format!("Content-Length: {length}\r\nConnection: Content-Length\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\n\r\n{length:x};a=\"\r\n\"\r\n{hidden}\r\n0\r\n\r\n"),
        format!("Content-Length: +{length}\r\n\r\n{hidden}"),
        format!("Content-Length: {length}, {length}\r\n\r\n{hidden}"),
    ] {
        proxy.raw(format!("POST /a HTTP/1.1\r\nHost: shop.example\r\n{framing}").as_bytes());
        let got = proxy.get("/b");
        assert!(
            got.contains("GET /b ") && !got.contains(EVIL),
            "{framing}: {got}"
        );
        proxy.admin("POST /purge?url=/b&host=shop.example");
    }
    let hidden_ones = origin.asked();
    let hidden_ones = hidden_ones.iter().filter(|asked| asked.target() == "/evil");
    // Where the framing is plain, what is behind it is a request of its own, which its client made.
    for asked in hidden_ones {
        assert!(
            asked
                .head
                .to_ascii_lowercase()
                .contains("host: evil.example")
        );
    }
}

#[test]
fn what_is_for_one_person_is_not_kept() {
    let origin = Origin::start(|asked| {
        let fields = match asked.target() {
            "/cookie" => "set-cookie: session=evil.example\r\n",
            "/private" => "cache-control: private\r\n",
            "/none" => "cache-control: no-store\r\n",
            "/star" => "vary: *\r\n",
            _ => "vary: cookie\r\n",
        };
        page(fields, &asked.head)
    });
    let proxy = Proxy::start(GREEDY, &origin);
    for target in ["/cookie", "/private", "/none", "/star", "/varies"] {
        let attack = format!(
            "GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nCookie: id={EVIL}\r\n\r\n"
        );
        let got = after(&proxy, &attack, target);
        assert!(!got.contains(&format!("id={EVIL}")), "{target}: {got}");
    }
    let mine = "GET /mine HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nAuthorization: evil.example\r\n\r\n";
    assert!(!after(&proxy, mine, "/mine").contains(EVIL));
}
