"""Tags and filters that draw icons, faces, due times and statuses."""

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote
from zlib import crc32

from django import template
from django.conf import settings
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override

from inbox.mirror.freshness import Freshness
from inbox.models import Interaction, Run
from inbox.models.reviewer import Theme
from inbox.web.ui import freshness, labels, when
from inbox.web.ui.answers import Member
from inbox.web.ui.deadlines import shown_deadline
from inbox.web.ui.labels import run_status
from inbox.web.ui.script_words import Phrase, written

register = template.Library()
register.filter("consequence", freshness.consequence)
register.filter("freshness_phrases", freshness.freshness_phrases)
register.filter("day_time", when.day_time)
register.filter("long_time", when.long_time)
register.filter("quoted", labels.quoted)
register.filter("short_id", labels.short_id)

HIDDEN = SafeString('aria-hidden="true"')


@cache
def sprite_url() -> str:
    return static("icons.svg")


@lru_cache(maxsize=512)
def drawing(name: str, label: str, small: bool) -> SafeString:
    """Cached: a list draws the same few many times."""
    aria = format_html('role="img" aria-label="{}"', label) if label else HIDDEN
    size = "i i--s" if small else "i"
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"/></svg>', size, aria, sprite_url(), name
    )


@register.simple_tag
def icon(name: str, label: str = "", small: bool = False) -> SafeString:
    """Screen readers read ``label``, or nothing without one."""
    return drawing(name, label, small)


@register.simple_tag
def identity_provider() -> str:
    return settings.OIDC.name if settings.OIDC else ""


@register.simple_tag
def in_mobius(row: Run | Interaction) -> str:
    """Empty without an address of Mobius in the settings."""
    address = settings.MOBIUS_RUN_URL if isinstance(row, Run) else settings.MOBIUS_INTERACTION_URL
    return address.replace("{id}", quote(row.mobius_id, safe=""))


@register.simple_tag(takes_context=True)
def chosen_theme(context: template.Context) -> str:
    """``light`` or ``dark``, empty for the system's; signed out, the last theme in this browser."""
    request: Any = getattr(context, "request", None)
    if getattr(request, "viewer", None):
        theme = request.user.reviewer.theme
    else:
        theme = request.COOKIES.get("theme") if request else ""
    return theme if theme in (Theme.LIGHT, Theme.DARK) else ""


@register.simple_tag(takes_context=True)
def diff_layout(context: template.Context) -> str:
    """``inline`` or ``split``, from the cookie of reading.js."""
    request = getattr(context, "request", None)
    split = request is not None and request.COOKIES.get("diff") == "split"
    return "split" if split else "inline"


@register.simple_block_tag
def notice(content: SafeString, tone: str, icon: str, **attributes: str | bool) -> SafeString:
    """``tone``: ``info``, ``ok``, ``warn``, ``bad`` or empty. Attributes are written with
    underscores, as in ``data_open_only=True``; empty ones are left out.
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
    """Cached: a list draws the members of a group many times."""
    aria = format_html('role="img" title="{}"', label) if label else HIDDEN
    return format_html(
        '<span class="av av-{}{}" {}>{}</span>', tint(person or name), style, aria, initial(name)
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
    """Screen readers read ``label`` instead of the name, or nothing if ``silent``. ``missing``, if
    not empty, makes it a dashed ring.
    """
    style = f"{' av--l' if large else ''}{' av--missing' if missing else ''}"
    return _avatar(person or "", name, "" if silent else label or name, style)


@register.simple_tag
def faces(members: Iterable[Member], more: int = 0) -> SafeString:
    """A face for each who has answered, a ring for each who is missing."""
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
    return format_html('<span class="faces">{}{}</span>', SafeString("".join(drawn)), rest)  # nosec # each was escaped


@lru_cache(maxsize=2048)
def _assignee_chip(icon: str, name: str, answered: str) -> SafeString:
    """Cached: the questions of a list ask the same few."""
    return format_html(
        '<span class="chip">{}<span class="cut">{}</span>{}</span>',
        drawing(icon, "", False),
        name,
        format_html("<b>{}</b>", answered) if answered else "",
    )


@register.simple_tag
def assignee(name: str, have: int, of: int, *, single: bool = False) -> SafeString:
    """``name`` of the group or people asked, of one person if ``single``; empty for the viewer."""
    if name:
        answered = gettext("%(have)s of %(of)s") % {"have": have, "of": of} if of > 1 else ""
        return _assignee_chip("user" if single else "groups", name, answered)
    return format_html('<span class="chip">{}{}</span>', drawing("user", "", False), gettext("You"))


@register.simple_tag
def count(key: str, value: str, label: str, *, oob: bool = False) -> SafeString:
    """``label`` is for screen readers. ``oob``: it replaces the number with the same ``key``."""
    swap = SafeString(' hx-swap-oob="true"') if oob else ""
    number = format_html('{}<span class="vh"> {}</span>', value, label) if value else ""
    return format_html('<span class="count" id="count-{}"{}>{}</span>', key, swap, number)


def tint(person: str) -> str:
    """One of four, always the same for the same ID or name."""
    return "3421"[(crc32(person.encode()) >> 10) % 4]


def initial(name: str) -> str:
    return next((letter for letter in name if letter.isalnum()), "?").upper()


@register.filter
def status_icon(status: str) -> str:
    return run_status(status).icon


@register.filter
def in_eights(digest: str) -> str:
    return " ".join(digest[start : start + 8] for start in range(0, len(digest), 8))


@register.simple_tag(takes_context=True)
def phrase(context: template.Context, shown: Phrase | None) -> SafeString:
    """In a fragment that everyone gets (``shared``), the page's script writes the words."""
    if shown is None:
        return SafeString("")
    words = "" if context.get("shared") else shown.text(timezone.now())
    data = {
        "data-phrase": shown.key,
        "data-since": shown.since and shown.since.isoformat(),
        "data-seconds": shown.seconds,
        "data-at": shown.at and shown.at.isoformat(),
        "data-facts": shown.facts and json.dumps(dict(shown.facts)),
    }
    attributes = {name: value for name, value in data.items() if value not in (None, {})}
    moment = shown.since or shown.at
    if moment is not None:
        attributes["datetime"] = moment.isoformat()
    tag = "span" if moment is None else "time"
    return format_html("<{0}{1}>{2}</{0}>", tag, flatatt(attributes), words)


@register.simple_tag(takes_context=True)
def word(context: template.Context, key: str) -> SafeString:
    return phrase(context, Phrase(key))


@register.simple_tag(takes_context=True)
def run_word(context: template.Context, state: str) -> SafeString:
    label = run_status(state).label
    if state not in labels.RUN_STATUS:
        return format_html("<span>{}</span>", label)
    shown = "" if context.get("shared") else label
    return format_html('<span data-phrase="run_{}">{}</span>', state, shown)


@register.filter
def freshness_text(fresh: Freshness) -> str:
    return freshness.freshness_text(fresh, timezone.now())


@register.filter
def clock(at: datetime | None) -> str:
    """``10:45``, ``Wed 14:00``; empty for None."""
    return when.moment(at, timezone.now()) if at else ""


@register.simple_tag
def ago(at: datetime, *, exact: bool = False) -> SafeString:
    """static/js/words.js keeps a recent one current. ``exact``: the title has the time in full."""
    now = timezone.now()
    counted = format_html(' data-ago="{}"', at.isoformat()) if when.is_recent(at, now) else ""
    title = format_html(' title="{}"', when.full(at)) if exact else ""
    return format_html(
        '<time datetime="{}"{}{}>{}</time>', at.isoformat(), counted, title, when.ago(at, now)
    )


@register.simple_tag
def script_words() -> SafeString:
    return _script_words(get_language())


@cache
def _script_words(language: str | None) -> SafeString:
    with override(language):
        words = [(key.replace("_", "-"), text) for key, text in written().items()]
    attributes = format_html_join("", ' data-word-{}="{}"', words)
    return format_html('<template id="script-words"{}></template>', attributes)


@register.inclusion_tag("components/_due.html")
def due(at: datetime, soft: bool = False, long: bool = False) -> dict[str, object]:
    return {"due": shown_deadline(at, soft=soft, long=long)}
