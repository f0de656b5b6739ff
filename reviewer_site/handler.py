"""Django's ASGI handler, with fewer switches between threads."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class PageHandler(ASGIHandler):
    """Runs a request's middleware and its view in one thread.

    Django's own switches to a thread and back for each sync middleware hook and again for the view,
    which takes longer than the smallest pages. An async view still runs on the event loop.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The response, computed in the request's thread."""
        response: Any = await sync_to_async(self.get_response)(request)
        return response
