"""Sends the site so many requests and writes, as `policies/news.cachepolicy` expects them, and says what came back:
how long it took, how many readers got somebody else's page, and how old what they got was.

    python load.py URL [--requests 50000] [--writes 500] [--rate 500] [--articles 1000] [--json FILE]
"""

import argparse
import http.client
import json
import random
import re
import threading
import time
import urllib.parse
from bisect import bisect_right
from itertools import accumulate

READER = re.compile(rb"For reader (\w*)")
TITLE = re.compile(rb"<h1>Article \d+(?: v(\d+))?</h1>")
AUTHOR = re.compile(rb"<li>Author (\d+) \((\d+)\)</li>")


class Truth:
    """What the database has, and since when it has had it: one editor at a time writes."""

    def __init__(self, articles):
        self.lock = threading.Lock()
        self.versions = {}
        self.authors = {slug: slug % 50 for slug in range(1, articles + 1)}
        self.lists = [(0.0, self.top())]

    def top(self):
        counts = dict.fromkeys(range(50), 0)
        for author in self.authors.values():
            counts[author] += 1
        first = sorted(counts, key=lambda author: (-counts[author], f"Author {author}"))[:10]
        return tuple((author, counts[author]) for author in first)

    def wrote(self, slug, version, author, at):
        with self.lock:
            self.versions.setdefault(slug, []).append((version, at))
            if author is not None:
                self.authors[slug] = author
                top = self.top()
                if top != self.lists[-1][1]:
                    self.lists.append((at, top))

    def age_of_title(self, slug, version, at):
        """For how long the page had been wrong when it was asked for."""
        with self.lock:
            missed = [when for known, when in self.versions.get(slug, ()) if known > version]
        return max(0.0, at - min(missed)) if missed and min(missed) < at else 0.0

    def age_of_list(self, shown, at):
        with self.lock:
            for index in range(len(self.lists) - 1, -1, -1):
                if self.lists[index][1] == shown:
                    later = self.lists[index + 1][0] if index + 1 < len(self.lists) else at
                    return max(0.0, at - later)
        return 0.0


class Load:
    def __init__(self, arguments):
        self.arguments = arguments
        self.random = random.Random(7)
        self.truth = Truth(arguments.articles)
        self.lock = threading.Lock()
        self.figures = {}
        self.url = urllib.parse.urlsplit(arguments.url)
        weights = [1 / rank for rank in range(1, arguments.articles + 1)]
        self.popular = list(accumulate(weights))
        self.began = 0.0

    def slug(self):
        at = self.random.random() * self.popular[-1]
        return bisect_right(self.popular, at) + 1

    def plan(self):
        """When is what asked for: (seconds, path, headers, form)."""
        arguments, draw = self.arguments, self.random
        at, plan = 0.0, []
        for _ in range(arguments.requests):
            at += draw.expovariate(arguments.rate)
            kind = draw.random()
            path = "/" if kind < 0.3 else f"/articles/{self.slug()}" if kind < 0.9 else "/me"
            language = draw.choices(["en", "de", "fr"], [70, 20, 10])[0]
            headers = {"Accept-Language": language}
            if draw.random() < 0.2:
                headers["Cookie"] = "currency=USD"
            if path == "/me" or draw.random() < 0.05:
                headers["X-User"] = str(draw.randrange(20_000))
            plan.append((at, path, headers, None))
        for number in range(arguments.writes):
            when = at * (number + 0.5) / arguments.writes
            slug = self.slug()
            form = {"title": f"Article {slug} v{number}"}
            if draw.random() < 0.2:
                form["author"] = draw.randrange(50) + 1
            plan.append((when, f"/edit/{slug}", {}, form))
        plan.sort(key=lambda each: each[0])
        return plan

    def run(self):
        plan = self.plan()
        reads = iter([each for each in plan if each[3] is None])
        writes = iter([each for each in plan if each[3] is not None])
        self.began = time.monotonic()
        threads = [threading.Thread(target=self.go, args=(reads,)) for _ in range(16)]
        # One editor: it is known what was written before what.
        threads.append(threading.Thread(target=self.go, args=(writes,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.took = time.monotonic() - self.began

    def go(self, plan):
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=30)
        while True:
            with self.lock:
                each = next(plan, None)
            if each is None:
                return
            due, path, headers, form = each
            time.sleep(max(0.0, self.began + due - time.monotonic()))
            self.ask(connection, path, headers, form)

    def ask(self, connection, path, headers, form):
        body = urllib.parse.urlencode(form) if form else None
        if form:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
        asked = time.monotonic()
        try:
            connection.request("POST" if form else "GET", path, body, headers)
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return self.note("edit" if form else path, asked, failed=True)
        done = time.monotonic()
        if form:
            version = int(form["title"].rpartition("v")[2])
            author = form["author"] - 1 if "author" in form else None
            self.truth.wrote(int(path.rpartition("/")[2]), version, author, done)
            return self.note("edit", asked)
        leak = False
        reader = READER.search(text)
        if reader is not None:
            # Nobody is `None` in Django's templates.
            leak = reader[1].decode() not in {headers.get("X-User", "None"), ""}
        age = 0.0
        title = TITLE.search(text)
        if title is not None:
            slug = int(path.rpartition("/")[2])
            age = self.truth.age_of_title(slug, int(title[1] or -1), asked)
        elif path == "/":
            shown = tuple((int(author), int(count)) for author, count in AUTHOR.findall(text))
            age = self.truth.age_of_list(shown, asked)
        route = "/articles/{slug}" if path.startswith("/articles/") else path
        self.note(route, asked, leak=leak, age=age, failed=response.status >= 500)

    def note(self, route, asked, *, leak=False, age=0.0, failed=False):
        took = time.monotonic() - asked
        with self.lock:
            self.figures.setdefault(route, []).append((took, leak, age, failed))

    def report(self):
        rows = {}
        for route, all_of in sorted(self.figures.items()):
            times = sorted(took for took, *_ in all_of)
            ages = sorted(age for _, _, age, _ in all_of)
            rows[route] = {
                "count": len(all_of),
                "p50": times[len(times) // 2],
                "p99": times[int(len(times) * 0.99)],
                "leaks": sum(leak for _, leak, _, _ in all_of),
                "old": sum(age > 0 for age in ages),
                "age_p99": ages[int(len(ages) * 0.99)],
                "age_max": ages[-1],
                "failed": sum(failed for *_, failed in all_of),
            }
        return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--writes", type=int, default=500)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--articles", type=int, default=1000)
    parser.add_argument("--json")
    load = Load(parser.parse_args())
    load.run()
    rows = load.report()
    if load.arguments.json:
        with open(load.arguments.json, "w", encoding="utf-8") as file:
            json.dump(rows, file)
    head = f"{'':18}{'answers':>9}{'p50':>9}{'p99':>9}{'not theirs':>12}{'old':>8}{'p99 age':>10}{'oldest':>9}{'failed':>8}"
    print(head)
    for route, row in rows.items():
        times = f"{row['p50'] * 1000:>7.1f}ms{row['p99'] * 1000:>7.1f}ms"
        ages = f"{row['age_p99']:>9.2f}s{row['age_max']:>8.2f}s"
        print(
            f"{route:18}{row['count']:>9}{times}{row['leaks']:>12}{row['old']:>8}{ages}{row['failed']:>8}"
        )
    print(f"{sum(row['count'] for row in rows.values()) / load.took:.0f} requests a second")


if __name__ == "__main__":
    main()
