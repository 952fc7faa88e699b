from django.apps import AppConfig
from django.conf import settings


class NewsConfig(AppConfig):
    name = "news"

    def ready(self):
        if settings.FORM == "tutorial":
            # Its receiver.
            from . import tutorial  # noqa: F401
