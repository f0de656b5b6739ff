from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox import access
from inbox.access import Viewer
from inbox.answering.snooze import LONGEST, Refusal, limit_of, of_item
from inbox.models import Interaction
from inbox.web.ui.forms import Form
from inbox.web.ui.scopes import Filters, question_path
from inbox.web.ui.when import moment

TIME_TO_ANSWER = timedelta(minutes=15)
LEAST_TIME_TO_ANSWER = timedelta(minutes=5)
MORNING, AFTERNOON, EVENING = time(9), time(14), time(18)
FIELD_FORMAT = "%Y-%m-%dT%H:%M"


def snooze_link(
    viewer: Viewer, item: Interaction, filters: Filters, now: datetime
) -> dict[str, str] | None:
    """None if it doesn't wait for the viewer. ``until`` is empty if it isn't snoozed."""
    if not access.waits_for(viewer, item):
        return None
    returns_at = of_item(viewer, item, now)
    return {
        "href": question_path("snooze", item.mobius_id) + filters.querystring(),
        "until": moment(returns_at, now) if returns_at is not None else "",
    }


@dataclass(frozen=True)
class Preset:
    """``value`` is what its button sends, ``when`` the same for people."""

    label: str
    when: str
    value: str


def presets(item: Interaction, now: datetime) -> tuple[Preset, ...]:
    """Leave ``TIME_TO_ANSWER`` before the limit, or if it is too near, ``LEAST_TIME_TO_ANSWER``."""
    limit, times = limit_of(item, now), _times(now)
    if limit is not None:
        times = _until(limit.at - TIME_TO_ANSWER, times) or _until(
            limit.at - LEAST_TIME_TO_ANSWER, _sooner_times(now)
        )
    return tuple(Preset(label, moment(at, now), at.isoformat()) for label, at in times)


def _until(last: datetime, times: list[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    return [(label, at) for label, at in times if at <= last]


def _sooner_times(now: datetime) -> list[tuple[str, datetime]]:
    return [
        (_("In 15 minutes"), _whole_minute(now + timedelta(minutes=15))),
        (_("In 30 minutes"), _whole_minute(now + timedelta(minutes=30))),
    ]


def _times(now: datetime) -> list[tuple[str, datetime]]:
    today, found = localtime(now), [(_("In 1 hour"), _whole_minute(now + timedelta(hours=1)))]
    if today.time() < time(12):
        found.append((_("This afternoon"), _on(now, 0, AFTERNOON)))
    elif today.time() < time(16):
        found.append((_("This evening"), _on(now, 0, EVENING)))
    until_monday = 7 - today.weekday()
    if until_monday > 1:
        found.append((_("Tomorrow morning"), _on(now, 1, MORNING)))
    found.append((_("Next week"), _on(now, until_monday, MORNING)))
    return found


def _on(now: datetime, days: int, at: time) -> datetime:
    day = localtime(now).date() + timedelta(days=days)
    return timezone.make_aware(datetime.combine(day, at))


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def limit_words(item: Interaction, now: datetime) -> str:
    limit = limit_of(item, now)
    if limit is None:
        return ""
    time_ = {"time": moment(limit.at, now)}
    if limit.soft:
        return _("Due %(time)s. You can snooze it until then.") % time_
    return _("Expires %(time)s. You can snooze it until then.") % time_


class SnoozeForm(Form):
    preset = forms.DateTimeField(required=False)
    until = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        widget=forms.DateTimeInput(
            format=FIELD_FORMAT, attrs={"class": "input", "type": "datetime-local"}
        ),
        error_messages={
            "required": gettext_lazy("Choose a time."),
            "invalid": gettext_lazy("Enter a date and a time."),
        },
    )
    release = forms.BooleanField(required=False)

    def __init__(self, data: Any, item: Interaction, now: datetime) -> None:
        super().__init__(data, auto_id="snooze-%s")
        limit = limit_of(item, now)
        first = localtime(_whole_minute(now + timedelta(minutes=1)))
        last = localtime(limit.at if limit is not None else now + LONGEST)
        attrs = {"min": first.strftime(FIELD_FORMAT), "max": last.strftime(FIELD_FORMAT)}
        self.fields["until"].widget.attrs |= attrs

    def full_clean(self) -> None:
        """The field is needed only without a preset."""
        self.fields["until"].required = not self.data.get("preset")
        super().full_clean()

    def clean(self) -> dict[str, Any]:
        if "preset" in self.errors:
            self.add_error("until", _("Choose a time."))
        return super().clean() or self.cleaned_data

    @property
    def time(self) -> datetime:
        chosen: datetime = self.cleaned_data["preset"] or self.cleaned_data["until"]
        return chosen


def refusal_words(reason: Refusal, item: Interaction, now: datetime) -> str:
    match reason:
        case Refusal.PAST:
            return _("Choose a time in the future.")
        case Refusal.TOO_LATE:
            limit = limit_of(item, now)
            if limit is not None and limit.soft:
                return _("Choose a time before it's due.")
            return _("Choose a time before it expires.")
        case Refusal.TOO_FAR:
            return _("Choose a time within a year.")
        case _:
            return _("This question is no longer waiting for you.")
