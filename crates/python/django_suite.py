"""Django's own tests of caches, from the sources of the installed version: with its backends, and with ours.

    python crates/python/django_suite.py [FOLDER]

Needs `redis-server` and the package `redis`, which Django's backend is made of. The sources are fetched by pip, into
FOLDER (left out: a temporary one). Prints both counts, and the reason for each test that passes there and not here;
ends with 1 where one has none.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import django
from redis_server import redis_server

import cachepolicy

MEMORY = "django.core.cache.backends.locmem.LocMemCache"
REDIS = "django.core.cache.backends.redis.RedisCache"
SUITES = ("cache", "decorators", "template_tests.syntax_tests.test_cache")

#: Tests that look into what is inside of Django's backends.
INSIDE = {
    "LocMemCacheTests.test_locking_on_pickle": "asks the backend's `_lock`",
    "LocMemCacheTests.test_incr_decr_timeout": "asks the backend's `_expire_info`",
    "RedisCacheTests.test_cache_client_class": "asks for Django's client class",
    "RedisCacheTests.test_client_driver_info": "asks for a client of the package redis",
    "RedisCacheTests.test_get_client": "asks for a client of the package redis",
    "RedisCacheTests.test_get_connection_pool": "asks for a pool of the package redis",
    "RedisCacheTests.test_get_connection_pool_index": "asks for a pool of the package redis",
    "RedisCacheTests.test_incr_write_connection": "replaces a method of Django's client",
    "RedisCacheTests.test_redis_pool_options": "asks for options of the package redis",
    "RedisCacheTests.test_serializer_dumps": "asks the serializer of Django's client",
    "RedisCacheTests.test_incr": "asks for an exception of the package redis",
    "RedisCacheTests.test_decr": "asks for an exception of the package redis",
    **dict.fromkeys(
        (
            "DefaultNonExpiringCacheKeyTests.test_caches_set_with_timeout_as_none_set_non_expiring_key",
            "DefaultNonExpiringCacheKeyTests.test_caches_with_unset_timeout_set_expiring_key",
        ),
        "asks the backend's `_expire_info`",
    ),
}

#: What Django's tests put into one backend to share the entries of another.
SHIM = '''
from cachepolicy.django import Cache as Ours


class Cache(Ours):
    """Under the names by which the tests have caches share what they keep."""

    _cache = property(lambda self: self._entries, lambda self, it: setattr(self, "_entries", it))
    _expire_info = None
'''

SETTINGS = """
DATABASES = {{
    "default": {{"ENGINE": "django.db.backends.sqlite3"}},
    "other": {{"ENGINE": "django.db.backends.sqlite3"}},
}}
SECRET_KEY = "django_tests_secret_key"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = False
CACHES = {{
    "default": {{"BACKEND": "{memory}"}},
    "redis": {{"BACKEND": "{redis}", "LOCATION": "{address}"}},
}}
"""

OURS = "suite_backend.Cache"


def fetched(folder: Path) -> Path:
    """The tests of the installed version."""
    name = f"django-{django.get_version()}"
    if not (folder / name).exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        pip += ["--no-binary", "Django", f"Django=={django.get_version()}", "-d", str(folder)]
        subprocess.run(pip, check=True)
        with tarfile.open(next(folder.glob(f"[dD]jango-{django.get_version()}.tar.gz"))) as sources:
            sources.extractall(folder, filter="data")
    return folder / name / "tests"


def with_ours(tests: Path) -> Path:
    """The same, with our backend named where Django's are."""
    copy = tests.parent / "tests_ours"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tests, copy)
    (copy / "suite_backend.py").write_text(SHIM)
    for path in [*copy.glob("cache/*.py"), copy / "template_tests/syntax_tests/test_cache.py"]:
        text = path.read_text()
        text = text.replace(f'"{MEMORY}"', f'"{OURS}"').replace(f'"{REDIS}"', f'"{OURS}"')
        text = text.replace(
            "from django.core.cache.backends.locmem import LocMemCache",
            "from suite_backend import Cache as LocMemCache",
        )
        path.write_text(text)
    return copy


def run(tests: Path, names: tuple[str, str], address: str) -> tuple[int, dict[str, str]]:
    """How many tests ran, and which of them did not pass."""
    memory, redis = names
    text = SETTINGS.format(memory=memory, redis=redis, address=address)
    (tests / "suite_settings.py").write_text(text)
    path = [str(Path(cachepolicy.__file__).resolve().parents[1]), str(tests)]
    command = [sys.executable, "-W", "ignore", "runtests.py", "--settings=suite_settings"]
    done = subprocess.run(
        [*command, "--parallel=1", "--verbosity=1", *SUITES],
        cwd=tests,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    ran = re.search(r"^Ran (\d+) tests", done.stderr, re.M)
    if ran is None:
        raise SystemExit(done.stderr[-3000:])
    failed = {}
    blocks = re.split(r"^={70}$", done.stderr, flags=re.M)[1:]
    for block in blocks:
        title = re.search(r"^(?:FAIL|ERROR): (\w+) \(([\w.]+)\)", block, re.M)
        if title is not None:
            names = title[2].split(".")
            at = names[-2] if names[-1] == title[1] else names[-1]
            failed[f"{at}.{title[1]}"] = block.strip().splitlines()[-1]
    return int(ran[1]), failed


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    tests = fetched(folder)
    ours = with_ours(tests)
    server, address = redis_server(folder)
    try:
        stock, stock_failed = run(tests, (MEMORY, REDIS), address)
        count, failed = run(ours, (OURS, OURS), address)
    finally:
        server.terminate()
        server.wait()
    print(f"Django {django.get_version()}: {', '.join(SUITES)}")
    print(f"  its backends  {stock - len(stock_failed):4} of {stock} pass")
    print(f"  ours          {count - len(failed):4} of {count} pass")
    unexplained = 0
    for name, said in sorted(failed.items()):
        if name in stock_failed:
            reason = "does not pass there either"
        elif name in INSIDE:
            reason = INSIDE[name]
        else:
            reason, unexplained = f"NO REASON: {said}", unexplained + 1
        print(f"    {name}: {reason}")
    return int(unexplained > 0 or count != stock)


if __name__ == "__main__":
    sys.exit(main())
