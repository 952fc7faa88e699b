"""Whole responses: what is kept, for whom, and what stock Django does beside."""

import asyncio
import threading

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection, transaction
from django.db.models.signals import post_save
from django.test import AsyncClient, Client, TestCase, TransactionTestCase, override_settings
from project import views
from project.models import Article, Author
from test_levels import Fresh

from cachepolicy.django import cache
from cachepolicy.django.watch import UndeclaredWarning, reported


class Pages(Fresh, TestCase):
    def test_made_once_and_then_kept(self):
        first = self.client.get("/hello/")
        second = self.client.get("/hello/")
        self.assertEqual(first.content, second.content)
        self.assertEqual(self.asked("hello"), 1)
        self.assertIn("fwd=uri-miss", first["Cache-Status"])
        self.assertIn("hit", second["Cache-Status"])
        self.assertEqual(second["Age"], "0")
        self.assertEqual(first["Content-Type"], second["Content-Type"])

    def test_parameters_that_the_policy_ignores(self):
        self.client.get("/?utm_source=a&page=2")
        found = self.client.get("/?utm_source=b&page=2")
        self.assertEqual(self.asked("homepage"), 1)
        self.assertNotIn(b"utm", found.content)
        self.client.get("/?page=3")
        self.assertEqual(self.asked("homepage"), 2)

    def test_variants(self):
        author = Author.objects.create(name="Ann")
        Article.objects.create(slug="one", title="One", author=author)
        for currency in ("EUR", "USD", "EUR", "USD"):
            self.client.cookies["currency"] = currency
            found = self.client.get("/articles/one/")
            self.assertEqual(found.content.decode(), f"One in {currency}")
        self.assertEqual(self.asked("article_page", "one"), 2)
        self.assertEqual(self.asked("article", "one"), 1)

    def test_a_value_outside_of_its_domain_goes_past(self):
        self.client.cookies["currency"] = "GBP"
        found = self.client.get("/articles/none/")
        self.assertEqual(found.status_code, 404)
        self.assertIn("fwd=bypass", found["Cache-Status"])

    def test_conditions_and_head(self):
        self.client.get("/hello/")
        head = self.client.head("/hello/")
        self.assertEqual((head.status_code, head.content), (200, b""))
        self.assertEqual(self.asked("hello"), 1)
        views.habits.add("etag")
        whole = self.client.get("/hello/?tagged=1")
        known = self.client.get("/hello/?tagged=1", headers={"if-none-match": whole["ETag"]})
        self.assertEqual((known.status_code, known.content), (304, b""))
        part = self.client.get("/hello/?tagged=1", headers={"range": "bytes=1-2"})
        self.assertEqual((part.status_code, part.content), (206, b"el"))
        self.assertEqual(self.asked("hello"), 2)

    def test_for_each_user(self):
        ann, bob = (User.objects.create_user(name) for name in ("ann", "bob"))
        for user in (ann, bob, ann, bob):
            client = Client()
            client.force_login(user)
            self.assertEqual(client.get("/mine/").content.decode(), user.username)
        self.assertEqual(self.asked("mine"), 2)
        self.assertEqual(Client().get("/mine/").content, b"AnonymousUser")

    def test_the_decorator_alone(self):
        middleware = [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ]
        for names in ([], [*middleware], None):
            views.calls.clear()
            cache_before = caches["default"]
            cache_before.clear()
            self.setUp()
            with self.settings(**({} if names is None else {"MIDDLEWARE": names})):
                self.assertEqual(self.client.get("/decorated/").content, b"decorated")
                self.assertEqual(self.client.get("/decorated/").content, b"decorated")
            self.assertEqual(self.asked("decorated"), 1)

    def test_what_is_of_no_level_is_left_alone(self):
        for _ in range(2):
            self.assertEqual(self.client.get("/unknown/").content, b"of no level")
        self.assertEqual(self.asked("unknown"), 2)

    def test_streams_pass(self):
        self.assertEqual(b"".join(self.client.get("/streamed/").streaming_content), b"ab")

    def test_a_page_that_sets_a_cookie_is_not_kept(self):
        views.habits.add("set-cookie")
        for _ in range(2):
            self.assertIn("seen", self.client.get("/hello/").cookies)
        self.assertEqual(self.asked("hello"), 2)

    def test_what_fails_raises_and_a_copy_answers_in_its_place(self):
        views.habits.add("fail")
        with self.assertRaises(ValueError):
            self.client.get("/failing/")
        views.habits.clear()
        self.assertEqual(self.client.get("/failing/").content, b"fine")
        views.habits.add("fail")
        threading.Event().wait(0.15)
        quiet = Client(raise_request_exception=False)
        found = quiet.get("/failing/")
        self.assertEqual((found.status_code, found.content), (200, b"fine"))
        self.assertIn("stale-if-error", found["Cache-Status"])

    def test_a_stale_page_is_made_anew_by_another_thread(self):
        first = self.client.get("/refreshed/?page=2&utm_source=a")
        threading.Event().wait(0.15)
        second = self.client.get("/refreshed/?page=2&utm_source=b")
        self.assertEqual(second.content, first.content)
        self.assertIn("hit", second["Cache-Status"])
        for _ in range(200):
            third = self.client.get("/refreshed/?page=2")
            if third.content != first.content:
                break
            threading.Event().wait(0.02)
        _, _, page, thread = third.content.decode().split()
        self.assertEqual(page, "2")
        self.assertNotEqual(thread, str(threading.get_ident()))

    def test_what_is_no_request_of_http_is_let_through(self):
        self.assertEqual(self.client.generic("A B", "/hello/").content, b"hello")

    def test_a_field_that_is_none_harms_nobody(self):
        views.habits.add("field")
        for _ in range(2):
            self.assertEqual(self.client.get("/hello/").content, b"hello")
        self.assertEqual(self.asked("hello"), 1)

    def test_coroutines(self):
        async def ask():
            client = AsyncClient()
            first = await client.get("/hello/")
            second = await client.get("/hello/")
            return first, second

        first, second = asyncio.run(ask())
        self.assertEqual(first.content, second.content)
        self.assertIn("hit", second["Cache-Status"])


class Coroutines(Fresh, TransactionTestCase):
    """Under ASGI; with the middleware, and by the decorator alone."""

    def each_way(self, ask):
        for names in (settings.MIDDLEWARE, settings.MIDDLEWARE[:-1]):
            with self.subTest(len(names)), override_settings(MIDDLEWARE=names):
                self.setUp()
                asyncio.run(ask())

    def test_of_all_who_wait_one_makes_it(self):
        async def ask():
            client = AsyncClient()
            found = await asyncio.gather(*[client.get("/awaited/") for _ in range(10)])
            self.assertEqual({each.content for each in found}, {b"1 1 nobody"})
            self.assertEqual(self.asked("awaited"), 1)
            self.assertEqual(cache.counters("awaited")["waited"], 9)

        self.each_way(ask)

    def test_a_stale_page_is_made_anew_in_the_loop(self):
        async def ask():
            client = AsyncClient()
            first = await client.get("/awaited/")
            await asyncio.sleep(0.15)
            second = await client.get("/awaited/")
            self.assertEqual(second.content, first.content)
            self.assertIn("stale", second["Cache-Status"])
            for _ in range(200):
                third = await client.get("/awaited/")
                if third.content != first.content:
                    break
                await asyncio.sleep(0.02)
            self.assertNotEqual(third.content, first.content)

        self.each_way(ask)

    def test_exceptions_are_those_of_the_view(self):
        async def ask():
            views.habits.add("fail")
            with self.assertRaisesMessage(ValueError, "out of order"):
                await AsyncClient().get("/awaited/")
            views.habits.clear()
            self.assertEqual((await AsyncClient().get("/awaited/")).status_code, 200)

        self.each_way(ask)

    def test_nobody_gets_the_page_of_another(self):
        users = [User.objects.create_user(name) for name in ("ann", "bob")]

        async def ask():
            views.habits.add("user")
            for user in users:
                client = AsyncClient()
                await client.aforce_login(user)
                found = await client.get("/awaited/")
                self.assertTrue(found.content.endswith(user.username.encode()), found.content)
                mine = await client.get("/mine/")
                self.assertEqual(mine.content.decode(), user.username)

        self.each_way(ask)


class Edges(Fresh, TransactionTestCase):
    def test_a_write_reaches_the_pages(self):
        author = Author.objects.create(name="Ann")
        article = Article.objects.create(slug="one", title="One", author=author)
        self.assertEqual(self.client.get("/articles/one/").content, b"One in EUR")
        self.assertIn(b"Ann", self.client.get("/").content)
        article.title = "Uno"
        article.save()
        self.assertEqual(self.client.get("/articles/one/").content, b"Uno in EUR")
        author.name = "Eve"
        author.save()
        self.assertIn(b"Eve", self.client.get("/").content)


class Leaks(Fresh, TestCase):
    """What one user reads of a page that is made for another."""

    def ask_twice(self, path):
        texts = []
        for name in ("ann", "bob"):
            client = Client()
            client.force_login(User.objects.get_or_create(username=name)[0])
            session = client.session
            session["name"] = name
            session.save()
            texts.append(client.get(path).content.decode())
        return texts

    def test_stock_django_serves_the_session_of_one_to_the_next(self):
        views.habits.add("session")
        self.assertEqual(self.ask_twice("/stock/hello/"), ["hello ann", "hello ann"])

    def test_here_it_does_not(self):
        views.habits.add("session")
        self.assertEqual(self.ask_twice("/hello/"), ["hello ann", "hello bob"])
        self.assertIn(("hello", "session", ""), reported)

    def test_nor_the_name_of_a_user(self):
        views.habits.add("user")
        self.assertEqual(self.ask_twice("/hello/"), ["hello ann", "hello bob"])

    def test_nor_a_token(self):
        views.habits.add("csrf")
        first, second = self.ask_twice("/hello/")
        self.assertNotEqual(first, second)

    def test_nor_does_a_fragment(self):
        for habit, own in (("user", True), ("session", True), ("csrf", False)):
            with self.subTest(habit):
                self.setUp()
                views.habits.add(habit)
                first, second = self.ask_twice("/parts/")
                again, _ = self.ask_twice("/parts/")
                if own:
                    self.assertEqual((first, second), ("ann ann", "bob bob"))
                    self.assertEqual(again, first)
                else:
                    self.assertNotEqual(first.split()[0], second.split()[0])
                self.assertEqual(cache.counters("banner")["fresh"], 0)
                # Whose parameter says who it is for is kept.
                self.assertEqual(cache.counters("sidebar")["fills"], 2)
                self.assertEqual(cache.counters("sidebar")["fresh"], 2)

    def test_what_is_not_declared_is_reported_once_with_its_line(self):
        reported.clear()
        views.habits.update(("cookie", "models"))
        with self.assertWarns(UndeclaredWarning) as caught:
            self.client.get("/hello/")
        said = " ".join(str(each.message) for each in caught.warnings)
        self.assertIn("add `uses     theme` to it", said)
        self.assertIn("add `reads    Article` to it", said)

    def test_the_language_is_one_of_them(self):
        reported.clear()
        views.habits.add("language")
        middleware = ["django.middleware.locale.LocaleMiddleware", *settings.MIDDLEWARE]
        with override_settings(MIDDLEWARE=middleware):
            self.client.get("/hello/", headers={"accept-language": "fr"})
        self.assertIn(("hello", "language", ""), reported)

    def test_where_that_is_strict_it_is_not_kept(self):
        views.habits.add("models")
        with override_settings(CACHEPOLICY_STRICT=True):
            self.client.get("/hello/")
            self.client.get("/hello/")
        self.assertEqual(self.asked("hello"), 2)
        self.client.get("/hello/")
        self.client.get("/hello/")
        self.assertEqual(self.asked("hello"), 3)


class Races(Fresh, TransactionTestCase):
    """A row that is asked for between the signal and the commit."""

    def setUp(self):
        super().setUp()
        self.author = Author.objects.create(name="Ann")
        Article.objects.create(slug="one", title="One", author=self.author)

    def rename(self, look):
        """Renames Ann; another request looks before the commit."""
        look()
        with transaction.atomic():
            self.author.name = "Eve"
            self.author.save()
            found = []
            # What another connection sees: SQLite in memory has one, so the row of before is put there.
            other = threading.Thread(target=lambda: found.append(self.as_before(look)))
            other.start()
            other.join()
        return look()

    def as_before(self, look):
        real = views.top_authors
        views.top_authors = lambda: ["Ann"]
        try:
            return look()
        finally:
            views.top_authors = real
            connection.close()

    def test_stock_django_brings_the_old_row_back(self):
        def look():
            return caches["stock"].get_or_set("top_authors", lambda: views.top_authors(), 300)

        def purge(**_):
            caches["stock"].delete("top_authors")

        post_save.connect(purge, sender=Author)
        try:
            self.assertEqual(self.rename(look), ["Ann"])
        finally:
            post_save.disconnect(purge, sender=Author)

    def test_here_it_does_not(self):
        def look():
            return cache.object("top_authors").get_or_load(lambda: views.top_authors())

        self.assertEqual(self.rename(look), ["Eve"])

    def test_nor_where_the_fill_lasts_until_after_the_commit(self):
        began, go_on = threading.Event(), threading.Event()

        def slow():
            found = ["Ann"]
            began.set()
            go_on.wait(5)
            return found

        slow_one = threading.Thread(target=lambda: cache.object("top_authors").get_or_load(slow))
        slow_one.start()
        began.wait(5)
        self.author.name = "Eve"
        self.author.save()
        go_on.set()
        slow_one.join()
        found = cache.object("top_authors").get_or_load(views.top_authors)
        self.assertEqual(found, ["Eve"])
