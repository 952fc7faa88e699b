"""A small site for the tests."""

import importlib.util
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "tests"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
STATIC_URL = "static/"
ROOT_URLCONF = "project.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "TEST": {"NAME": os.environ.get("TEST_DATABASE", ":memory:")},
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "cachepolicy.django",
    "project",
]
if importlib.util.find_spec("debug_toolbar"):
    INSTALLED_APPS.append("debug_toolbar")
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cachepolicy.django.CachePolicyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
CACHES = {
    "default": {"BACKEND": "cachepolicy.django.Cache", "LOCATION": "default"},
    "stock": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "stock"},
}
CACHEPOLICY = "policies/site.cachepolicy"
CACHEPOLICY_WATCH = True
SILENCED_SYSTEM_CHECKS = ["debug_toolbar.W001"]
