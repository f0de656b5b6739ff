"""How things are drawn: icons and faces. What they say is the presenters' matter."""

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.access import Viewer
from inbox.presenters.people import Face, People

register = template.Library()

HIDDEN = SafeString('aria-hidden="true"')


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
def face(viewer: Viewer) -> Face:
    """The face of the person who reads the page, under the full name."""
    person = viewer.mobius_id or viewer.name
    return People({person: viewer.name}).face(person)
