"""`manage.py fill 1000`: articles to begin with."""

from django.core.management.base import BaseCommand

from news.models import Article, Author, Setting


class Command(BaseCommand):
    help = "Articles to begin with"

    def add_arguments(self, parser):
        parser.add_argument("articles", type=int, nargs="?", default=1000)

    def handle(self, articles, **_):
        Author.objects.all().delete()
        authors = Author.objects.bulk_create(Author(name=f"Author {n}") for n in range(50))
        made = [
            Article(slug=str(n), title=f"Article {n}", author=authors[n % 50])
            for n in range(1, articles + 1)
        ]
        Article.objects.bulk_create(made)
        Setting.objects.get_or_create(value="All rights reserved")
        self.stdout.write(f"{articles} articles by {len(authors)} authors")
