"""`NEWS=tutorial` runs the site as tutorials end; left out, it runs by `policies/news.cachepolicy`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_news.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
