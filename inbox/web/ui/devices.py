import re

from django.utils.translation import gettext as _

# The first that matches: most browsers claim to be others too.
_BROWSERS = (
    ("", r"OPR/|SamsungBrowser/|Vivaldi/|YaBrowser/|DuckDuckGo/"),
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Firefox", r"(Firefox|FxiOS)/"),
    ("Chrome", r"(Chrome|CriOS)/"),
    ("Safari", r"Version/.* Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"\(iPhone;"),
    ("iPad", r"\(iPad;"),
    ("Android", r"Android"),
    ("Windows", r"Windows NT"),
    ("macOS", r"Macintosh;"),
    ("Linux", r"Linux"),
)


def browser_and_system(user_agent: str) -> tuple[str, str]:
    """``("Firefox", "Android")``; both empty if either is unknown."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    return (browser, system) if browser and system else ("", "")


def device_name(browser: str, system: str) -> str:
    """``Firefox on Android``."""
    if not browser:
        return _("Another browser")
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, user_agent)), "")
