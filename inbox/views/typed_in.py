"""Which form a text was typed in, as its request says."""

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from inbox.forms.operation import operation_id_of
from inbox.services.draft import TypedIn


def typed_in(request: HttpRequest) -> TypedIn:
    """Of a form that was sent, or of the one that stands in the page that reads itself again."""
    sent = request.POST if request.method == "POST" else request.GET
    form = sent.get("operation_id", "")
    usable = form if operation_id_of(form) == form else ""
    return TypedIn(base=sent.get("draft", ""), form=usable, device=device_of(request))


def device_of(request: HttpRequest) -> str:
    """A digest of the browser's session."""
    key = request.session.session_key or ""
    return salted_hmac("inbox.draft.device", key).hexdigest()[:16]
