"""*Account → Notifications*: what a person is told, where and when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.access import viewer_of
from inbox.models import (
    FailureLimit,
    NotificationEvent,
    NotificationTimes,
    Reviewer,
    StoppedChannel,
    Upstream,
)
from inbox.models.notification import Channel, When
from inbox.notify import emails, link_requests, plan, push, senders
from inbox.notify.plan import ALWAYS_TOLD, Plans
from inbox.people import push_browsers
from inbox.web.notifications import mutes
from inbox.web.notifications.preview import preview
from inbox.web.ui.devices import browser_and_system, device_name
from inbox.web.ui.messages import switched_off_text
from inbox.web.ui.request import ReviewerRequest

Kind = NotificationEvent.Kind


def channels() -> list[Channel]:
    """Those that can be used here."""
    return [Channel.BELL, *senders.offered()]


def kinds(reviewer: Reviewer, upstream: Upstream) -> list[Kind]:
    """Those that can happen and that the person may choose."""
    hidden = set(NotificationEvent.WITHOUT_CHOICE)
    if not viewer_of(reviewer.user).lead:
        hidden.update(NotificationEvent.FOR_LEADS)
    if not upstream.has_runs:
        hidden.add(Kind.RUN_FAILED)
    if not upstream.has_groups:
        hidden |= {Kind.CLAIM_RELEASED, Kind.CLAIMED_TOO_LONG}
    if not upstream.adapter.has_reviews:
        hidden |= {Kind.TO_REVIEW, Kind.CHANGES_REQUESTED}
    return [kind for kind in Kind if kind not in hidden]


class ChoicesForm(forms.Form):
    """A field for each kind and channel, named ``<kind>-<channel>``."""

    def __init__(self, reviewer: Reviewer, upstream: Upstream, data: Any = None) -> None:
        super().__init__(data)
        self._reviewer = reviewer
        self._plans = Plans([reviewer], timezone.now())
        self._kinds = kinds(reviewer, upstream)
        for kind in self._kinds:
            for channel in channels():
                offered = plan.offered(kind, channel)
                if not offered:
                    continue
                self.fields[f"{kind}-{channel}"] = forms.ChoiceField(
                    choices=[(when.value, when.label) for when in offered],
                    initial=self._plans.when(reviewer, kind, channel),
                    label=f"{kind.label}, {channel.label}",
                    # What isn't sent stays as it is.
                    required=False,
                )

    def save(self) -> None:
        for name in self.changed_data:
            kind, _hyphen, channel = name.partition("-")
            if when := self.cleaned_data[name]:
                plan.choose(self._reviewer, kind, Channel(channel), When(when))

    def rows(self) -> Iterator[tuple[Kind, list[tuple[Channel, forms.BoundField | None]]]]:
        """Each kind with the field of each channel; None where there is no choice."""
        for kind in self._kinds:
            names = {channel: f"{kind}-{channel}" for channel in channels()}
            yield (
                kind,
                [
                    (channel, self[name] if name in self.fields else None)
                    for channel, name in names.items()
                ],
            )


class MinuteField(forms.TimeField):
    """A time of day as minutes after midnight."""

    widget = forms.TimeInput(attrs={"class": "input", "type": "time"}, format="%H:%M")

    def to_python(self, value: Any) -> Any:
        at = super().to_python(value)
        return None if at is None else at.hour * 60 + at.minute

    def prepare_value(self, value: Any) -> Any:
        return time(*divmod(value, 60)) if isinstance(value, int) else value


class TimesForm(forms.ModelForm):
    digest_minute = MinuteField(label=gettext_lazy("Digest at"))
    quiet_from = MinuteField(label=gettext_lazy("Quiet from"))
    quiet_until = MinuteField(label=gettext_lazy("Quiet until"))

    class Meta:
        model = NotificationTimes
        fields = (
            "digest",
            "digest_minute",
            "quiet_from",
            "quiet_until",
            "quiet_weekends",
            "deadlines_break_through",
        )
        labels = {
            "digest": gettext_lazy("Digest"),
            "quiet_weekends": gettext_lazy("Quiet on weekends"),
            "deadlines_break_through": gettext_lazy("Tell me if a deadline is within quiet hours"),
        }
        widgets = {"digest": forms.Select(attrs={"class": "input"})}


class FailureLimitForm(forms.ModelForm):
    class Meta:
        model = FailureLimit
        fields = ("failures", "minutes")
        labels = {
            "failures": gettext_lazy("Failed runs of a workflow"),
            "minutes": gettext_lazy("Within minutes"),
        }
        widgets = {
            name: forms.NumberInput(attrs={"class": "input"}) for name in ("failures", "minutes")
        }


InPageForm = forms.modelform_factory(
    Reviewer, fields=("notify_new", "notify_due", "notify_not_sent")
)


@dataclass(frozen=True)
class Browser:
    """In which push is allowed. ``mine``: the one that shows the page."""

    id: int
    device: str
    used_at: datetime
    mine: bool


def page_context(request: ReviewerRequest, now: datetime) -> dict[str, Any]:
    reviewer, upstream = request.user.reviewer, request.upstream
    off = stopped()
    browsers = _browsers(request) if push.offered() else []
    return {
        "browsers": browsers,
        "push_key": push_browsers.public_key() if push.offered() else "",
        "push_here": any(browser.mine for browser in browsers),
        "channels": channels(),
        "no_email": _why_no_email(reviewer),
        "no_push": _why_no_push(),
        "stopped": off,
        "can_test": bool(senders.reaching(reviewer).keys() - off.keys()),
        "reviewer": reviewer,
        "zone": plan.zone_of(reviewer).key.replace("_", " "),
        "muted": reviewer.mutes.in_force(now).order_by("workflow", "pk"),
        "workflows": mutes.workflows(reviewer, upstream),
        "always_told": ALWAYS_TOLD,
        "preview": preview(request, now),
    }


def _browsers(request: ReviewerRequest) -> list[Browser]:
    return [
        Browser(
            row.pk,
            device_name(*browser_and_system(row.user_agent)),
            row.used_at,
            mine=push_browsers.is_this_one(row, request),
        )
        for row in push_browsers.allowed(request.user.reviewer)
    ]


def _why_no_email(reviewer: Reviewer) -> str:
    if not settings.LINKS_LEAD_HERE:
        return _("Email and push aren't offered: the inbox is at an address of its own machine.")
    if not emails.offered():
        return _("Emails aren't offered: this installation has no mail server.")
    if not reviewer.user.email:
        if link_requests.addresses_offered(reviewer.user):
            return _("Your account has no email address. Add it on the Account page.")
        return _("Your account has no email address. An administrator can add it.")
    if settings.KEEPS_MAIL:
        return _("There is no mail server, so emails are kept on Connection instead of being sent.")
    return ""


def _why_no_push() -> str:
    if push.offered() or not settings.LINKS_LEAD_HERE:
        return ""
    return _("Push isn't offered: it needs an https address, or an ADMIN_EMAIL.")


def test_sent(channel: Channel, address: str) -> str:
    if channel is Channel.EMAIL:
        return _("A test was sent to %(address)s.") % {"address": address}
    return _("A test was sent to your browsers.")


def test_not_sent(channel: Channel, said: str) -> str:
    """``said`` is the server's answer, empty if there was none."""
    if channel is Channel.EMAIL:
        words = _("The mail server didn't accept the email: %(said)s")
        return words % {"said": said} if said else _("The mail server can't be reached.")
    words = _("The push service didn't accept the message: %(said)s")
    return words % {"said": said} if said else _("The push service can't be reached.")


def stopped() -> dict[Channel, str]:
    """A sentence for each channel that an administrator has switched off."""
    names = StoppedChannel.names()
    return {channel: switched_off_text(channel.label) for channel in channels() if channel in names}
