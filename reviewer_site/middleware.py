"""How the middleware runs."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def one_thread(get_response: GetResponse) -> GetResponse:
    """Stand innermost, and be sync only: then Django runs all middleware in one go in one thread.

    Each of Django's own would else hop to a thread and back, before the view and after it: more
    time than most pages take to make. The view itself stays on the event loop.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return middleware
