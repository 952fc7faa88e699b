"""Objects and fragments: looked up, made once, and removed by what is written."""

import asyncio
import threading
import time

from django.core import serializers
from django.core.cache import caches
from django.db import transaction
from django.test import TestCase, TransactionTestCase
from project import views
from project.models import Article, Author, Category, Column, Review

from cachepolicy.django import bulk_create, bulk_update, cache, cached_object, update, written
from cachepolicy.django import service as services
from cachepolicy.django.watch import SilentWriteWarning


class Fresh:
    """Each test begins with nothing kept."""

    def setUp(self):
        super().setUp()
        services.forget()
        views.calls.clear()
        views.habits.clear()
        for each in caches.all():
            each.clear()

    def asked(self, *call):
        return views.calls.count(call)


class Objects(Fresh, TransactionTestCase):
    def setUp(self):
        super().setUp()
        self.author = Author.objects.create(name="Ann")
        self.article = Article.objects.create(slug="one", title="One", author=self.author)
        views.calls.clear()

    def test_made_once_and_then_kept(self):
        for _ in range(3):
            self.assertEqual(views.article("one")["title"], "One")
        self.assertEqual(self.asked("article", "one"), 1)
        self.assertEqual(cache.counters("article")["fresh"], 2)

    def test_an_absence_is_kept_as_the_policy_says(self):
        self.assertIsNone(views.article("two"))
        self.assertIsNone(views.article("two"))
        self.assertEqual(self.asked("article", "two"), 1)
        Article.objects.create(slug="two", title="Two", author=self.author)
        self.assertEqual(views.article("two")["title"], "Two")

    def test_a_write_removes_what_shows_the_row(self):
        views.article("one")
        self.article.title = "Uno"
        self.article.save()
        self.assertEqual(views.article("one")["title"], "Uno")

    def test_the_old_value_of_a_field_is_known(self):
        views.article("one")
        self.assertIsNone(views.article("uno"))
        renamed = Article.objects.get(slug="one")
        renamed.slug = "uno"
        renamed.save()
        self.assertIsNone(views.article("one"))
        self.assertEqual(views.article("uno")["title"], "One")

    def test_a_delete_is_heard_of(self):
        views.article("one")
        self.article.delete()
        self.assertIsNone(views.article("one"))

    def test_what_goes_by_cascade_too(self):
        views.article("one")
        self.author.delete()
        self.assertIsNone(views.article("one"))

    def test_conditions_see_both_images(self):
        cache.object("top_authors").get_or_load(views.top_authors)
        self.article.title = "Uno"
        self.article.save()
        cache.object("top_authors").get_or_load(views.top_authors)
        self.assertEqual(self.asked("top_authors"), 1)
        self.article.author = Author.objects.create(name="Bob")
        self.article.save()
        found = cache.object("top_authors").get_or_load(views.top_authors)
        self.assertEqual(found, ["Bob"])

    def test_many_to_many(self):
        category = Category.objects.create(slug="news")

        def articles():
            return list(Article.objects.filter(categories__slug="news").values_list("slug"))

        look = lambda: cache.object("category", "news").get_or_load(articles)  # noqa: E731
        self.assertEqual(len(look()), 0)
        self.article.categories.add(category)
        self.assertEqual(len(look()), 1)
        category.article_set.remove(self.article)
        self.assertEqual(len(look()), 0)
        category.article_set.set([self.article])
        self.assertEqual(len(look()), 1)
        category.article_set.clear()
        self.assertEqual(len(look()), 0)

    def test_nothing_goes_before_the_commit(self):
        views.article("one")
        with transaction.atomic():
            self.article.title = "Uno"
            self.article.save()
            self.assertEqual(views.article("one")["title"], "One")
        self.assertEqual(views.article("one")["title"], "Uno")

    def test_a_transaction_that_is_taken_back_removes_nothing(self):
        views.article("one")
        try:
            with transaction.atomic():
                self.article.title = "Uno"
                self.article.save()
                raise RuntimeError
        except RuntimeError:
            pass
        views.article("one")
        self.assertEqual(self.asked("article", "one"), 1)

    def test_helpers_tell_of_what_sends_no_signal(self):
        views.article("one")
        update(Article.objects.filter(slug="one"), title="Uno")
        self.assertEqual(views.article("one")["title"], "Uno")
        update(Article.objects.filter(slug="one"), slug="uno")
        self.assertIsNone(views.article("one"))
        self.assertIsNone(views.article("two"))
        bulk_create(Article.objects, [Article(slug="two", title="Two", author=self.author)])
        two = Article.objects.get(slug="two")
        self.assertEqual(views.article("two")["title"], "Two")
        two.title = "Due"
        bulk_update(Article.objects, [two], ["title"])
        self.assertEqual(views.article("two")["title"], "Due")

    def test_raw_sql_is_said_by_hand(self):
        views.article("one")
        with self.assertWarns(SilentWriteWarning):
            Article.objects.filter(slug="one").update(title="Uno")
        self.assertEqual(views.article("one")["title"], "One")
        written(Article, old=[{"id": "1", "slug": "one"}], new=[Article.objects.get(slug="one")])
        self.assertEqual(views.article("one")["title"], "Uno")

    def test_fixtures_are_writes_too(self):
        views.article("one")
        row = {"slug": "one", "title": "Uno", "author": self.author.pk, "categories": []}
        made = {"model": "project.article", "pk": self.article.pk, "fields": row}
        for each in serializers.deserialize("python", [made]):
            each.save()
        self.assertEqual(views.article("one")["title"], "Uno")

    def test_children_and_proxies_are_of_their_parents_table(self):
        views.article("one")
        proxy = Column.objects.get(slug="one")
        proxy.title = "Uno"
        proxy.save()
        self.assertEqual(views.article("one")["title"], "Uno")
        self.assertIsNone(views.article("child"))
        Review.objects.create(slug="child", title="Child", author=self.author, stars=3)
        self.assertEqual(views.article("child")["title"], "Child")

    def test_parameters(self):
        with self.assertRaisesMessage(TypeError, "`article` takes slug"):
            cache.object("article")
        with self.assertRaisesMessage(LookupError, "it has"):
            cache.object("homepage")
        self.assertEqual(cache.object("article", slug="x").params, ["x"])

    def test_an_exception_is_that_of_the_work(self):
        def broken():
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            cache.object("silent").get_or_load(broken)
        self.assertEqual(cache.object("silent").get_or_load(lambda: 1), 1)

    def test_threads_wait_for_one(self):
        made = []

        def slow():
            made.append(threading.get_ident())
            time.sleep(0.1)
            return "x"

        found = []

        def ask():
            found.append(cache.object("top_authors").get_or_load(slow))

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(found, ["x"] * 20)
        self.assertEqual(len(made), 1)

    def test_coroutines(self):
        @cached_object("silent")
        async def made():
            await asyncio.sleep(0.01)
            views.calls.append(("silent",))
            return "x"

        async def ask():
            return await asyncio.gather(made(), made())

        self.assertEqual(asyncio.run(ask()), ["x", "x"])
        self.assertEqual(asyncio.run(made()), "x")
        self.assertLessEqual(self.asked("silent"), 2)


class Fragments(Fresh, TestCase):
    text = '{% load cachepolicy %}{% cached "sidebar" user %}{{ user }}:{{ words }}{% endcached %}'

    def test_by_parameters(self):
        self.assertEqual(views.render(self.text, user=1, words="a"), "1:a")
        self.assertEqual(views.render(self.text, user=1, words="b"), "1:a")
        self.assertEqual(views.render(self.text, user=2, words="b"), "2:b")

    def test_by_name(self):
        text = self.text.replace('"sidebar" user', '"sidebar" user=user')
        self.assertEqual(views.render(text, user=1, words="a"), "1:a")

    def test_what_it_contains_is_embedded_in_it(self):
        def words():
            return ",".join(cache.object("top_authors").get_or_load(lambda: ["Ann"]))

        self.assertEqual(views.render(self.text, user=1, words=words), "1:Ann")
