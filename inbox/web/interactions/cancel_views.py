from asgiref.sync import sync_to_async
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from inbox import access
from inbox.answering import cancelling
from inbox.answering.question import find
from inbox.web.ui.forms import Form
from inbox.web.ui.frame import render_page
from inbox.web.ui.messages import Message
from inbox.web.ui.outcome_messages import cancel_message
from inbox.web.ui.request import ReviewerRequest, lead_required, origin_of
from inbox.web.ui.scopes import Filters, item_href


class CancelForm(Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3, "autofocus": True}),
        error_messages={
            "required": _("Enter a reason."),
            "max_length": _("A reason can have at most 1,000 characters."),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("reason")
@lead_required
async def cancel(request: ReviewerRequest, id: str) -> HttpResponse:
    """422 without a reason, 409 if the question is closed. The query is of the list beside it."""
    form = CancelForm(request.POST if request.method == "POST" else None, auto_id="cancel-%s")
    if not form.is_valid():
        return await sync_to_async(_page)(request, id, form)
    outcome = await cancelling.cancel(
        reviewer=request.user.reviewer,
        interaction_id=id,
        reason=form.cleaned_data["reason"],
        origin=origin_of(request),
    )
    message = await sync_to_async(cancel_message)(outcome)
    if not outcome.done:
        page = await sync_to_async(_page)(request, id, form, message)
        message.add_retry_after(page)
        return page
    await sync_to_async(messages.success)(request, str(message))
    return HttpResponseRedirect(item_href(id, Filters.read(request.GET)), status=303)


def _page(
    request: ReviewerRequest, id: str, form: CancelForm, message: Message | None = None
) -> HttpResponse:
    viewer, upstream = request.viewer, request.upstream
    item = find(viewer, upstream, id)
    if item is None or not access.has_permission(viewer, access.CANCEL_QUESTION):
        raise Http404("No such question.")
    filters = Filters.read(request.GET)
    context = {
        "item": item,
        "back": item_href(id, filters),
        "action": reverse("question-cancel", args=[id]) + filters.querystring(),
        "form": form,
        "message": message,
        "open": cancelling.may_cancel(viewer, item),
    }
    status = message.status if message else 422 if form.errors else 200
    return render_page(
        request, "interactions/cancel.html", context, section="blocked", status=status
    )
