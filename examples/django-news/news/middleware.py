"""Who is logged in: an example need not have passwords."""

from types import SimpleNamespace


class NamedUser:
    """`X-User: 17` is user 17."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        name = request.META.get("HTTP_X_USER")
        if name:
            request.user = SimpleNamespace(pk=name, id=name, is_authenticated=True)
        return self.get_response(request)
