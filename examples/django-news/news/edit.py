"""What changes articles: as an editor would, by Django's models."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from cachepolicy.django import cache

from .models import Article


@csrf_exempt
def article(request, slug):
    """A new title, and perhaps another slug or author."""
    with transaction.atomic():
        found = get_object_or_404(Article, slug=slug)
        found.title = request.POST.get("title", found.title)
        found.slug = request.POST.get("slug", found.slug)
        found.author_id = request.POST.get("author", found.author_id)
        found.save()
    return HttpResponse(found.title)


@never_cache
def metrics(request):
    return HttpResponse(cache.prometheus(), content_type="text/plain; version=0.0.4")
