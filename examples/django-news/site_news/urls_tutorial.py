"""As tutorials end: a decorator around the page, for fifteen minutes."""

from django.urls import path
from django.views.decorators.cache import cache_page
from news import edit, tutorial

urlpatterns = [
    path("", cache_page(60 * 15)(tutorial.homepage), name="homepage"),
    path("articles/<slug:slug>", tutorial.article_page, name="article_page"),
    path("me", tutorial.dashboard, name="dashboard"),
    path("edit/<slug:slug>", edit.article),
]
