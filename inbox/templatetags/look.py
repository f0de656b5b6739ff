"""How things are drawn: icons, faces, the status of a run."""

from functools import lru_cache
from zlib import crc32

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

HIDDEN = SafeString('aria-hidden="true"')
STATUSES = {
    "queued": ("queued", "Queued"),
    "running": ("play", "Running"),
    "active": ("play", "Active"),
    "suspended": ("pause", "Suspended"),
    "completed": ("done", "Completed"),
    "failed": ("failed", "Failed"),
}


@lru_cache(maxsize=512)
def drawing(sprite: str, name: str, label: str, small: bool) -> SafeString:
    """The ``<svg>`` of an icon; remembered, since a list draws the same few again and again."""
    said = format_html('role="img" aria-label="{}"', label) if label else HIDDEN
    size = "i i--s" if small else "i"
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"></use></svg>', size, said, sprite, name
    )


@register.simple_tag
def icon(name: str, label: str = "", small: bool = False) -> SafeString:
    """Draw an icon of ``static/icons.svg``, in the colour of the words around it.

    A screen reader says ``label``, and nothing where there is none.
    """
    return drawing(static("icons.svg"), name, label, small)


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
