"""The site in two forms: as the usual tutorial ends, and by a policy."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
POLICIES = BASE_DIR.parent.parent / "policies"
REDIS = os.environ.get("NEWS_REDIS", "redis://127.0.0.1:6379")

#: `tutorial` or `policy`.
FORM = os.environ.get("NEWS", "policy")

SECRET_KEY = "an example"
DEBUG = bool(os.environ.get("NEWS_DEBUG"))
ALLOWED_HOSTS = ["*"]
USE_TZ = True
LANGUAGES = [("en", "English"), ("fr", "Français"), ("de", "Deutsch")]
ROOT_URLCONF = f"site_news.urls_{FORM}"
WSGI_APPLICATION = "site_news.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("NEWS_DATABASE", BASE_DIR / "news.sqlite3"),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "cachepolicy.django",
    "news",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "news.middleware.NamedUser",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS}}
if FORM == "policy":
    CACHEPOLICY = os.environ.get("NEWS_POLICY", POLICIES / "news.cachepolicy")
    CACHEPOLICY_REDIS = REDIS
    MIDDLEWARE.append("cachepolicy.django.CachePolicyMiddleware")
    CACHES["default"]["BACKEND"] = "cachepolicy.django.Cache"
else:
    # The app is there for `manage.py cachepolicy init`.
    SILENCED_SYSTEM_CHECKS = ["cachepolicy.W001"]
