"""How fast it is, beside Django's own: one run, side by side.

    python crates/python/speed.py

Needs `redis-server` and the package `redis`, which Django's backend is made of. Rounds of both take turns, and the
fastest of each counts.
"""

import tempfile
import time
from pathlib import Path

import django
from django.conf import settings
from redis_server import redis_server

POLICY = """
policy speed { edition 1; semantics django "5.2" }
backend hot memory { capacity 1000 entries; evict lru }
backend shared redis { latency 400us }
object near(id) { store hot; ttl 10m }
object far(id) { store shared; ttl 10m }
view page { route GET "/page/"; store hot; ttl 10m; vary lang }
request { cookie lang in [en, fr] else en }
"""


def side_by_side(title, both, count, rounds=15):
    """The fastest round of each, in microseconds."""
    best = [float("inf")] * 2
    for _ in range(rounds):
        for index, work in enumerate(both):
            began = time.perf_counter()
            for _ in range(count):
                work()
            best[index] = min(best[index], (time.perf_counter() - began) / count)
    stock, ours = (each * 1e6 for each in best)
    print(f"{title:34}{stock:>10.1f} µs{ours:>10.1f} µs{stock / ours:>9.2f}x")


def configure(folder, address):
    policy = Path(folder) / "speed.cachepolicy"
    policy.write_text(POLICY)
    stock = "django.core.cache.backends"
    settings.configure(
        SECRET_KEY="speed",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["cachepolicy.django"],
        CACHEPOLICY=str(policy),
        CACHEPOLICY_WATCH=False,
        CACHES={
            "default": {"BACKEND": f"{stock}.locmem.LocMemCache"},
            "ours": {"BACKEND": "cachepolicy.django.Cache"},
            "redis": {"BACKEND": f"{stock}.redis.RedisCache", "LOCATION": address},
            "ours_redis": {"BACKEND": "cachepolicy.django.Cache", "LOCATION": address},
        },
    )
    django.setup()


def backends():
    from django.core.cache import caches

    values = {"a small dict": {"id": 7, "title": "x" * 40}, "a page of 20 kB": "x" * 20_000}
    for place, names in (("memory", ("default", "ours")), ("redis", ("redis", "ours_redis"))):
        for what, value in values.items():
            both = [caches[name] for name in names]
            for cache in both:
                cache.set(f"key{place}", value, 600)
            gets = [lambda cache=cache: cache.get(f"key{place}") for cache in both]
            side_by_side(f"get, {place}, {what}", gets, 5000 if place == "memory" else 1000)


def levels():
    """Beside `cache.get`, which knows nothing of a policy."""
    from django.core.cache import caches

    from cachepolicy.django import cache

    value = {"id": 7, "title": "x" * 40}
    for place, stock, level, count in (
        ("memory", "default", "near", 5000),
        ("redis", "redis", "far", 1000),
    ):
        caches[stock].set("key", value, 600)

        def get(stock=stock):
            return caches[stock].get("key")

        def look(level=level):
            return cache.object(level, 7).get_or_load(lambda: value)

        look()
        side_by_side(f"an object's hit, {place}", [get, look], count)


def middleware():
    from django.http import HttpResponse
    from django.middleware.cache import FetchFromCacheMiddleware, UpdateCacheMiddleware
    from django.test import RequestFactory

    from cachepolicy.django import CachePolicyMiddleware

    def view(request):
        return HttpResponse("x" * 20_000)

    pair = UpdateCacheMiddleware(FetchFromCacheMiddleware(view))
    ours = CachePolicyMiddleware(view)
    factory = RequestFactory(
        HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        HTTP_ACCEPT="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        HTTP_ACCEPT_LANGUAGE="en-US,en;q=0.5",
        HTTP_ACCEPT_ENCODING="gzip, deflate, br",
        HTTP_COOKIE="lang=fr",
    )

    # What is made of a request is kept in it: each has its own, and they are made before.
    count, rounds = 500, 15

    def answering(layer):
        requests = iter([factory.get("/page/?a=1") for _ in range(count * rounds + 1)])

        def work():
            assert layer(next(requests)).status_code == 200

        work()
        return work

    both = [answering(pair), answering(ours)]
    side_by_side("a page's hit, the middleware", both, count, rounds)


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, address = redis_server(folder)
        try:
            configure(folder, address)
            print(f"Django {django.get_version():27}{'its own':>13}{'ours':>13}")
            backends()
            levels()
            middleware()
        finally:
            server.terminate()
            server.wait()


urlpatterns = []

if __name__ == "__main__":
    main()
