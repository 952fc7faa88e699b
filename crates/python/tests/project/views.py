import asyncio
import threading

from django.core.cache import caches
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.template import engines
from django.utils.translation import gettext
from django.views.decorators.cache import cache_page

from cachepolicy.django import cache, cached, cached_object, data

from .models import Article

#: How often each was asked.
calls = []


@cached_object("article")
def article(slug):
    calls.append(("article", slug))
    return Article.objects.filter(slug=slug).values("slug", "title", "author__name").first()


def top_authors():
    calls.append(("top_authors",))
    found = Article.objects.values_list("author__name", flat=True).order_by("author__name")
    return list(found.distinct())


def homepage(request):
    calls.append(("homepage",))
    data("headlines", ["a", "b"])
    authors = cache.object("top_authors").get_or_load(top_authors)
    return HttpResponse(f"{','.join(authors)} {request.GET.urlencode()}")


def article_page(request, slug):
    calls.append(("article_page", slug))
    found = article(slug)
    if found is None:
        raise Http404
    return HttpResponse(f"{found['title']} in {request.COOKIES.get('currency', 'EUR')}")


#: What the view `hello` does beside.
habits = set()


def _hello(request):
    calls.append(("hello",))
    text = "hello"
    if "session" in habits:
        text += " " + request.session.get("name", "nobody")
    if "user" in habits:
        text += f" {request.user}"
    if "csrf" in habits:
        text += " " + get_token(request)
    if "cookie" in habits:
        text += " " + request.COOKIES.get("theme", "light")
    if "models" in habits:
        text += f" {Article.objects.count()}"
    if "language" in habits:
        text += " " + gettext("Yes")
    response = HttpResponse(text)
    if "etag" in habits:
        response["ETag"] = '"1"'
    if "field" in habits:
        response.headers._store["bad name"] = ("bad name", "x")
    if "set-cookie" in habits:
        response.set_cookie("seen", "1")
    return response


hello = _hello
stock_hello = cache_page(60, cache="stock")(_hello)


def mine(request):
    calls.append(("mine",))
    return HttpResponse(f"{request.user}")


@cached("decorated")
def decorated(request):
    calls.append(("decorated",))
    return HttpResponse("decorated")


@cached("awaited")
async def awaited(request):
    calls.append(("awaited",))
    if "fail" in habits:
        raise ValueError("out of order")

    async def part():
        await asyncio.sleep(0.05)
        return len(calls)

    number = await cache.object("silent").aget_or_load(part)
    user = await request.auser() if "user" in habits else "nobody"
    return HttpResponse(f"{len(calls)} {number} {user}")


def refreshed(request):
    calls.append(("refreshed",))
    found = Article.objects.count() if "models" in habits else 0
    return HttpResponse(f"{len(calls)} {found} {request.GET.get('page')} {threading.get_ident()}")


def failing(request):
    calls.append(("failing",))
    if "fail" in habits:
        raise ValueError("out of order")
    return HttpResponse("fine")


BANNER = '{% load cachepolicy %}{% cached "banner" %}' + "{habit}" + "{% endcached %}"
SIDEBAR = '{% load cachepolicy %}{% cached "sidebar" user.id %}{{ user }}{% endcached %}'


def parts(request):
    calls.append(("parts",))
    inside = {
        "user": "{{ user.username }}",
        "session": "{{ request.session.name }}",
        "csrf": "{{ csrf_token }}",
    }
    asked = "".join(text for habit, text in inside.items() if habit in habits)
    text = BANNER.replace("{habit}", asked) + " " + SIDEBAR
    return HttpResponse(engines["django"].from_string(text).render({}, request))


def unknown(request):
    calls.append(("unknown",))
    return HttpResponse("of no level")


def streamed(request):
    return StreamingHttpResponse(iter([b"a", b"b"]))


def render(text, **context):
    return engines["django"].from_string(text).render(context)


def stock_top_authors():
    return caches["stock"].get_or_set("top_authors", top_authors, 300)
