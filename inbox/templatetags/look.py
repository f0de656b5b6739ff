"""How things are drawn: icons, faces, due times, the status of a run."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from zlib import crc32

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.presenters import when
from inbox.presenters.answers import Member

register = template.Library()

HIDDEN = SafeString('aria-hidden="true"')
STATUSES = {
    "queued": ("queued", "Queued"),
    "running": ("play", "Running"),
    "active": ("play", "Active"),
    "suspended": ("pause", "Suspended"),
    "completed": ("done", "Completed"),
    "failed": ("failed", "Failed"),
    "cancelled": ("cancelled", "Cancelled"),
}


@cache
def sprite_url() -> str:
    """Address of ``static/icons.svg``; it stays the same for as long as the process runs."""
    return static("icons.svg")


@lru_cache(maxsize=512)
def drawing(name: str, label: str, small: bool) -> SafeString:
    """The ``<svg>`` of an icon; remembered, since a list draws the same few again and again."""
    said = format_html('role="img" aria-label="{}"', label) if label else HIDDEN
    size = "i i--s" if small else "i"
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"></use></svg>', size, said, sprite_url(), name
    )


@register.simple_tag
def icon(name: str, label: str = "", small: bool = False) -> SafeString:
    """Draw an icon of ``static/icons.svg``, in the colour of the words around it.

    A screen reader says ``label``, and nothing where there is none.
    """
    return drawing(name, label, small)


@lru_cache(maxsize=2048)
def face(person: str, name: str, missing: bool) -> SafeString:
    """A small face; remembered, since a list draws those of a group again and again."""
    label = f"{name}, missing" if missing else f"{name} has answered"
    return format_html(
        '<span class="av av-{}{}" role="img" title="{}" aria-label="{}">{}</span>',
        tint(person or name),
        " av--missing" if missing else "",
        label,
        label,
        initial(name),
    )


@register.simple_tag
def faces(members: Iterable[Member], more: int = 0) -> SafeString:
    """Draw those who answer together: a face for who has answered, a ring for who is missing."""
    drawn = [face(one.face.id, one.face.full, one.given is None) for one in members]
    rest = format_html('<span class="meta">+{}</span>', more) if more else ""
    return format_html('<span class="faces">{}{}</span>', SafeString("".join(drawn)), rest)


@register.filter
def tint(person: str | None) -> str:
    """Give one of the four tints of faces, always the same for the same id or name."""
    return "3421"[(crc32(str(person or "").encode()) >> 10) % 4]


@register.filter
def initial(name: str | None) -> str:
    """Give the letter that stands for a name."""
    return next((letter for letter in str(name or "") if letter.isalnum()), "?").upper()


@register.filter
def status_icon(status: str) -> str:
    """Name the icon of a run's status, also of one that nobody knows yet."""
    return STATUSES.get(status, ("dashed", ""))[0]


@register.filter
def status_word(status: str) -> str:
    """Say a run's status; an unknown one is said in its own word."""
    word = str(status).replace("_", " ").capitalize() or "Unknown"
    return STATUSES.get(status, ("", word))[1]


@register.filter
def clock(at: datetime | None) -> str:
    """Say a moment as one looks it up: ``10:45``, ``Wed 14:00``; nothing for None."""
    return when.moment(at, timezone.now()) if at else ""


@register.simple_tag
def ago(at: datetime) -> SafeString:
    """Say how long ago a moment was; static/js/countdown.js keeps it right."""
    words = when.ago(at, timezone.now())
    return format_html('<time datetime="{0}" data-ago="{0}">{1}</time>', at.isoformat(), words)


@register.inclusion_tag("components/_due.html")
def due(at: datetime, soft: bool = False, long: bool = False) -> dict[str, object]:
    """Draw when something is due.

    ``soft``: after ``at`` it is late and can still be answered; else it has expired then. ``long``
    says it in a sentence with the clock, for the page of one question.
    """
    now = timezone.now()
    tone = "late" if at <= now else "soon" if at - now <= when.SOON else ""
    words = due_sentence(at, now, soft) if long else due_words(at, now, soft)
    lead = "" if long or tone == "late" else due_lead(soft, near=when.near(at, now))
    return {
        "at": timezone.localtime(at).isoformat(),
        "soft": soft,
        "long": long,
        "tone": tone,
        "words": words,
        "lead": lead,
        "near_lead": due_lead(soft, near=True),
    }


def due_lead(soft: bool, near: bool) -> str:
    """What a screen reader says before ``due_words``: sighted readers see a clock there."""
    if soft:
        return "Due in" if near else "Due"
    return "Expires in" if near else "Expires"


def due_words(at: datetime, now: datetime, soft: bool) -> str:
    """``42 m``, ``3 h 10 m``, ``Wed 14:00``, ``12 m late``, ``Expired``."""
    left = (at - now).total_seconds()
    if left <= 0:
        return f"{when.span(-left)} late" if soft else "Expired"
    return when.span(left) if when.near(at, now) else when.moment(at, now)


def due_sentence(at: datetime, now: datetime, soft: bool) -> str:
    """``Expires in 42 m, 10:45``, ``Due Wed 14:00``, ``12 m late``, ``Expired at 10:45``."""
    if at <= now:
        return due_words(at, now, soft) if soft else f"Expired at {when.moment(at, now)}"
    verb = "Due" if soft else "Expires"
    if when.near(at, now):
        return f"{verb} in {due_words(at, now, soft)}, {when.clock(at)}"
    return f"{verb} {when.moment(at, now)}"
