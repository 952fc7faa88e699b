"""By the policy: nothing about caching is said here."""

from django.urls import path
from news import edit, views

urlpatterns = [
    path("", views.homepage),
    path("articles/<slug:slug>", views.article_page),
    path("me", views.dashboard),
    path("edit/<slug:slug>", edit.article),
    path("metrics", edit.metrics),
]
