from django.urls import path

from . import views

urlpatterns = [
    path("", views.homepage),
    path("articles/<slug:slug>/", views.article_page),
    path("hello/", views.hello),
    path("mine/", views.mine),
    path("decorated/", views.decorated),
    path("refreshed/", views.refreshed),
    path("failing/", views.failing),
    path("stock/hello/", views.stock_hello),
    path("awaited/", views.awaited),
    path("parts/", views.parts),
    path("unknown/", views.unknown),
    path("streamed/", views.streamed),
]
