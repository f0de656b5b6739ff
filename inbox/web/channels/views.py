"""The group channels, for team leads."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from inbox import access
from inbox.models import Group, GroupChannel, StoppedChannel
from inbox.models.distinct import distinct_values
from inbox.notify import group_channels as service
from inbox.notify import outgoing
from inbox.web.channels.forms import ChannelForm
from inbox.web.ui.frame import render_page
from inbox.web.ui.lists import MOST
from inbox.web.ui.messages import switched_off_text
from inbox.web.ui.request import ReviewerRequest, lead_required


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
@sensitive_variables("data", "secret")
def channels(request: ReviewerRequest) -> HttpResponseBase:
    """Adding a channel replaces the one of the same kind for the same. A webhook's secret is shown
    only once.
    """
    form = ChannelForm(request.viewer, request.upstream, request.POST or None)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    data = form.cleaned_data
    secret = service.put(
        request.upstream,
        data["scope"],
        data["of"],
        data["kind"],
        data["url"],
        titles=data["titles"],
        added_by=request.user.get_username(),
    )
    messages.success(request, _("Channel added"))
    if secret:
        return _page(request, ChannelForm(request.viewer, request.upstream), secret=secret)
    return _back()


@require_POST
@lead_required
def remove(request: ReviewerRequest, id: int) -> HttpResponseBase:
    _channel(request, id).delete()
    messages.success(request, _("Channel removed"))
    return _back()


@require_POST
@lead_required
def send_test(request: ReviewerRequest, id: int) -> HttpResponseBase:
    channel = _channel(request, id)
    if channel.kind in StoppedChannel.names():
        messages.error(request, switched_off_text(channel.get_kind_display()))
        return _back()
    try:
        reply = async_to_sync(service.post_test)(channel)
    except outgoing.NotPosted as failed:
        messages.error(request, outgoing.words(failed.why))
        return _back()
    if reply.ok:
        messages.success(request, _("The test was sent."))
    else:
        messages.error(request, outgoing.words(str(reply.status)))
    return _back()


@require_POST
@lead_required
@sensitive_variables("secret")
def rotate(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """The new secret is shown only once."""
    channel = get_object_or_404(_rows(request), pk=id, kind=GroupChannel.Kind.WEBHOOK)
    secret = service.rotate(channel)
    return _page(request, ChannelForm(request.viewer, request.upstream), secret=secret)


@require_POST
@lead_required
def settle(request: ReviewerRequest, id: int) -> HttpResponseBase:
    service.settle(_channel(request, id))
    messages.success(request, _("The old secret is no longer used."))
    return _back()


def _rows(request: ReviewerRequest) -> Any:
    return GroupChannel.objects.filter(upstream=request.upstream).order_by("scope", "of", "kind")


def _channel(request: ReviewerRequest, id: int) -> GroupChannel:
    channel: GroupChannel = get_object_or_404(_rows(request), pk=id)
    return channel


@sensitive_variables("secret")
def _page(
    request: ReviewerRequest, form: ChannelForm, *, secret: str = "", status: int = 200
) -> HttpResponse:
    upstream = request.upstream
    rows = list(_rows(request))
    groups = Group.objects.filter(upstream=upstream, mobius_id__in=[row.of for row in rows])
    names = dict(groups.values_list("mobius_id", "name"))
    stopped = StoppedChannel.names()
    runs = access.runs(request.viewer, upstream).not_deleted_by_index()
    context = {
        "form": form,
        "rows": [(row, names.get(row.of) or row.of_words, _problem(row, stopped)) for row in rows],
        "secret": secret,
        "workflows": distinct_values(runs, "workflow", MOST),
    }
    return render_page(request, "channels/channels.html", context, section="groups", status=status)


def _problem(channel: GroupChannel, stopped: set[str]) -> str:
    if channel.kind in stopped:
        return switched_off_text(channel.get_kind_display())
    if channel.disabled_at is not None:
        return _("The receiver said that it is gone. Add the channel again to use it.")
    return outgoing.words(channel.error)


def _back() -> HttpResponseBase:
    return HttpResponseRedirect(reverse("channels"), status=303)
