"""The site by its policy: what is kept, for how long and what removes it stands in `policies/news.cachepolicy`."""

from django.db.models import Count
from django.http import Http404
from django.shortcuts import render

from cachepolicy.django import cached_object, data

from .models import Article, Author, Setting


@cached_object("top_authors")
def top_authors():
    authors = Author.objects.annotate(articles=Count("article")).order_by("-articles", "name")
    return list(authors.values("name", "articles")[:10])


@cached_object("article")
def article(slug):
    found = Article.objects.filter(slug=slug).values("slug", "title", "section")
    return found.first()


@cached_object("site_settings")
def site_settings():
    return list(Setting.objects.values_list("value", flat=True))


def homepage(request):
    newest = Article.objects.filter(section="news").order_by("-id")
    headlines = list(newest.values_list("slug", flat=True)[:10])
    data("headlines", headlines)
    context = {
        "authors": top_authors(),
        "articles": [article(slug) for slug in headlines],
        "settings": site_settings(),
    }
    return render(request, "news/home.html", context)


def article_page(request, slug):
    found = article(slug)
    if found is None:
        raise Http404
    currency = request.COOKIES.get("currency", "EUR")
    return render(request, "news/article.html", {"article": found, "currency": currency})


def dashboard(request):
    return render(request, "news/me.html", {"authors": top_authors, "user": request.user})
