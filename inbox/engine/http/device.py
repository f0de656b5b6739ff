"""The calls of the device flow, which need no token, and the page where people approve.

Whoever can open the page can approve as anyone: the engine is for demos.
"""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from django.template import Context, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from inbox.engine.actions import device
from inbox.engine.actions.device import OAuthError
from inbox.engine.http.requests import JSON, read_body
from inbox.engine.http.views import Resource, takes_nothing

PAGE = "/device"
OVER = "This code is unknown or has expired. Start again in Reviewer inbox."
APPROVED = "Approved. You can close this page."
DENIED = "Denied. You can close this page."
Form = dict[str, str]
_TEMPLATE = Engine().from_string((Path(__file__).parent / "device.html").read_text())


async def _code(request: Request) -> Response:
    form = await _form(request)
    page = str(request.base_url).rstrip("/") + PAGE
    project = form.get("mobius_requested_project_handle", "")
    return await _write(request, lambda: device.begin(project=project, page=page))


async def _token(request: Request) -> Response:
    form = await _form(request)
    grant, code = form.get("grant_type", ""), form.get("device_code", "")
    return await _write(request, lambda: device.exchange(grant=grant, device_code=code))


async def _write(request: Request, action: Callable[[], object]) -> Response:
    """The errors of these calls are OAuth's."""
    try:
        return JSON(await request.app.writers.run(action))
    except OAuthError as error:
        body = {"error": error.code, "error_description": error.message}
        return JSON({name: text for name, text in body.items() if text}, 400)


async def _show(request: Request) -> Response:
    return await request.app.readers.run(_page, request.query_params.get("code", ""))


async def _decide(request: Request) -> Response:
    form = await _form(request)
    person = form.get("person", "") if form.get("decision") == "approve" else None

    def decide() -> bool:
        return device.decide(user_code=form.get("code", ""), person=person)

    decided = await request.app.writers.run(decide)
    said = (DENIED if person is None else APPROVED) if decided else OVER
    return _html(said=said)


def _page(code: str) -> Response:
    sign_in = device.waiting(code) if code else None
    if sign_in is None:
        return _html(said=OVER if code else "")
    return _html(code=sign_in.user_code, people=device.people(sign_in))


def _html(**shown: object) -> Response:
    """``code``; ``people``: who can approve it; ``said``: what became of it."""
    return HTMLResponse(_TEMPLATE.render(Context(shown)))


async def _form(request: Request) -> Form:
    fields = parse_qs((await read_body(request)).decode("utf-8", "replace"))
    return {name: values[-1] for name, values in fields.items()}


ROUTES = [
    Route("/v1/auth/device/code", _code, methods=["POST"]),
    Route("/v1/auth/device/token", _token, methods=["POST"]),
    Route(PAGE, _show),
    Route(PAGE, _decide, methods=["POST"]),
    Route(
        "/v1/auth/cli-credentials/{credential_id}", Resource(DELETE=takes_nothing(device.revoke))
    ),
]
