"""The site as the usual tutorial ends. Each weakness that `policies/django-tutorial.cachepolicy` names is here."""

from django.core.cache import cache
from django.db.models import Count
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.shortcuts import get_object_or_404, render

from .models import Article, Author


def compute_top_authors():
    authors = Author.objects.annotate(articles=Count("article")).order_by("-articles", "name")
    return list(authors.values("name", "articles")[:10])


def top_authors():
    return cache.get_or_set("top_authors_v1", compute_top_authors, 300)


@receiver(post_save, sender=Article)
def article_saved(sender, **kwargs):
    cache.delete("top_authors_v1")


def homepage(request):
    return render(request, "news/tutorial_home.html", {"authors": top_authors()})


def article_page(request, slug):
    return render(request, "news/article.html", {"article": get_object_or_404(Article, slug=slug)})


def dashboard(request):
    return render(request, "news/tutorial_home.html", {"authors": top_authors()})
