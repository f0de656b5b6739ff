"""How things are drawn: icons, faces, due times, the status of a run."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache, lru_cache
from zlib import crc32

from django import template
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override

from inbox.mirror.freshness import Freshness
from inbox.web.ui import freshness, when
from inbox.web.ui.answers import Member
from inbox.web.ui.script_words import DUE, WORDS
from inbox.web.ui.words import run_status

register = template.Library()

HIDDEN = SafeString('aria-hidden="true"')


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


@register.simple_block_tag
def notice(content: SafeString, tone: str, icon: str, **attributes: str | bool) -> SafeString:
    """Draw a notice: an icon, and beside it the block's heading, text and buttons.

    ``tone``: ``info``, ``ok``, ``warn``, ``bad``, or nothing. Attributes are written with
    underscores, as ``data_open_only=True``; empty ones are left out.
    """
    named = {name.replace("_", "-"): value for name, value in attributes.items() if value}
    return format_html(
        '<div class="notice{}"{}>{}<div>{}</div></div>',
        f" notice--{tone}" if tone else "",
        flatatt(named),
        drawing(icon, "", small=False),
        content,
    )


@lru_cache(maxsize=2048)
def _avatar(person: str, name: str, label: str, style: str) -> SafeString:
    """A face; remembered, since a list draws those of a group again and again."""
    said = format_html('role="img" title="{0}" aria-label="{0}"', label) if label else HIDDEN
    return format_html(
        '<span class="av av-{}{}" {}>{}</span>', tint(person or name), style, said, initial(name)
    )


@register.simple_tag
def avatar(
    person: str | None,
    name: str,
    *,
    label: str = "",
    large: bool = False,
    missing: object = False,
    silent: bool = False,
) -> SafeString:
    """Draw a face; ``person``, the Mobius ID, decides its tint.

    ``label`` is said instead of the name ("Claimed by Lee"), and nothing if it is ``silent``
    because the name stands beside it. ``missing``, if anything, makes it a dashed ring.
    """
    style = f"{' av--l' if large else ''}{' av--missing' if missing else ''}"
    return _avatar(person or "", name, "" if silent else label or name, style)


@register.simple_tag
def faces(members: Iterable[Member], more: int = 0) -> SafeString:
    """Draw those who answer together: a face for who has answered, a ring for who is missing."""
    answered, missing = gettext("%(name)s has answered"), gettext("%(name)s hasn't answered")
    drawn = [
        avatar(
            member.face.id,
            member.face.full,
            label=(answered if member.given else missing) % {"name": member.face.full},
            missing=not member.given,
        )
        for member in members
    ]
    rest = format_html('<span class="meta">+{}</span>', more) if more else ""
    return format_html('<span class="faces">{}{}</span>', SafeString("".join(drawn)), rest)


@register.simple_tag
def assignee(group: str, have: int, of: int) -> SafeString:
    """Draw whom a question is for: a group, with its answers so far; without one, the viewer."""
    if not group:
        return format_html(
            '<span class="chip">{}{}</span>', drawing("user", "", False), gettext("You")
        )
    answered = gettext("%(have)s of %(of)s") % {"have": have, "of": of}
    return format_html(
        '<span class="chip">{}<span class="cut">{}</span>{}</span>',
        drawing("groups", "", False),
        group,
        format_html("<b>{}</b>", answered) if of > 1 else "",
    )


def tint(person: str) -> str:
    """Give one of the four tints of faces, always the same for the same id or name."""
    return "3421"[(crc32(person.encode()) >> 10) % 4]


def initial(name: str) -> str:
    """Give the letter that stands for a name."""
    return next((letter for letter in name if letter.isalnum()), "?").upper()


@register.filter
def status_icon(status: str) -> str:
    """Name the icon of a run's status, also of one that nobody knows yet."""
    return run_status(status).icon


@register.filter
def status_word(status: str) -> str:
    """Say a run's status; an unknown one is said in its own word."""
    return run_status(status).label


@register.filter
def freshness_text(fresh: Freshness) -> str:
    """Say how fresh pages are, and why."""
    return freshness.freshness_text(fresh, timezone.now())


@register.filter
def clock(at: datetime | None) -> str:
    """Say a moment as one looks it up: ``10:45``, ``Wed 14:00``; nothing for None."""
    return when.moment(at, timezone.now()) if at else ""


@register.simple_tag
def ago(at: datetime) -> SafeString:
    """Say how long ago a moment was; static/js/countdown.js keeps a recent one current."""
    now = timezone.now()
    counted = format_html(' data-ago="{}"', at.isoformat()) if when.is_recent(at, now) else ""
    return format_html(
        '<time datetime="{}"{}>{}</time>', at.isoformat(), counted, when.ago(at, now)
    )


@register.simple_tag
def script_words() -> SafeString:
    """The words that scripts need, as attributes of one element."""
    return _script_words(get_language())


@cache
def _script_words(language: str | None) -> SafeString:
    with override(language):
        words = [(key.replace("_", "-"), gettext(text)) for key, text in WORDS.items()]
    attributes = format_html_join("", ' data-{}="{}"', words)
    return format_html('<template id="script-words"{}></template>', attributes)


@register.inclusion_tag("components/_due.html")
def due(at: datetime, soft: bool = False, long: bool = False) -> dict[str, object]:
    """Draw when something is due.

    ``soft``: after ``at`` it is late and can still be answered; else it has expired then. ``long``
    adds the clock, for the page of one question. Screen readers get the duration spelled out.
    """
    now = timezone.now()
    tone = "late" if at <= now else "soon" if at - now <= when.SOON else ""
    shown = due_sentence(at, now, soft, when.span, clock=True) if long else chip(at, now, soft)
    return {
        "at": timezone.localtime(at).isoformat(),
        "soft": soft,
        "long": long,
        "near": at > now and when.near(at, now),
        "clock": when.clock(at) if long else "",
        "tone": tone,
        "words": shown,
        "spoken": due_sentence(at, now, soft, when.spelled_span, clock=long),
    }


def chip(at: datetime, now: datetime, soft: bool) -> str:
    """``42 min``, ``3 h 10 min``, ``Wed 14:00``, ``12 min late``, ``Expired``."""
    if at <= now:
        return due_sentence(at, now, soft, when.span, clock=False)
    return when.span((at - now).total_seconds()) if when.near(at, now) else when.moment(at, now)


def due_sentence(
    at: datetime, now: datetime, soft: bool, span: Callable[[float], str], *, clock: bool
) -> str:
    """``Expires in 42 min, 10:45``, ``Due Wed 14:00``, ``12 min late``, ``Expired at 10:45``."""
    seconds = (at - now).total_seconds()
    if seconds <= 0 and soft:
        return gettext(DUE["late"]).format(duration=span(-seconds))
    if seconds <= 0:
        at_clock = gettext("Expired at {time}").format(time=when.moment(at, now))
        return at_clock if clock else gettext(DUE["expired"])
    if when.near(at, now):
        key = f"{'due_in' if soft else 'expires_in'}{'_at' if clock else ''}"
        time = when.clock(at) if clock else ""
        return gettext(DUE[key]).format(duration=span(seconds), time=time)
    far = gettext("Due {time}") if soft else gettext("Expires {time}")
    return far.format(time=when.moment(at, now))
