"""Where a link leads, for links whose words do not say so."""

import re

_WEB = re.compile(r"(https?:)?[/\\]{2,}|https?:[/\\]*", re.IGNORECASE)
_END = re.compile(r"[/\\?#]")


def hidden_host(href: str, words: str) -> str:
    """The host that ``href`` leads to, or the address that it writes to. Empty where the link's
    words say just that, and for links within this site.
    """
    words = words.strip()
    if href[:7].lower() == "mailto:":
        address = href[7:].partition("?")[0]
        return "" if words == address else address
    target = _host(href)
    said = _host(words) or _host(f"//{words}")
    # Words in another script, or "bank.example" before "@", look like a host and are none.
    return "" if said == target and "@" not in target and words.isascii() else _plain(target)


def _host(address: str) -> str:
    """Host and port with what stands before ``@``, as a browser reads them; empty without any."""
    web = _WEB.match(address)
    return _END.split(address[web.end() :], maxsplit=1)[0].lower() if web else ""


def _plain(host: str) -> str:
    """Without what stands before ``@``, and in ASCII, so that no letter looks like another."""
    host = host.rpartition("@")[2]
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host
