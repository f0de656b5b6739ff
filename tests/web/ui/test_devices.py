import pytest

from inbox.web.ui.devices import browser_and_system, device_name

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"
WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
LINUX = "Mozilla/5.0 (X11; Linux x86_64"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)"
PAD = "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{WINDOWS}; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Windows"),
        (f"{LINUX}; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:133.0) Gecko/20100101 Firefox/133.0",
            "Firefox on macOS",
        ),
        (
            "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
            "Firefox on Android",
        ),
        (f"{PHONE} {WEBKIT} FxiOS/133.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        (f"{WINDOWS}) {KHTML} Chrome/131.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{MAC} {KHTML} Chrome/131.0.0.0 Safari/537.36", "Chrome on macOS"),
        (f"{LINUX}) {KHTML} Chrome/131.0.0.0 Safari/537.36", "Chrome on Linux"),
        (f"{ANDROID} {KHTML} Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        (f"{PHONE} {WEBKIT} CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{WINDOWS}) {KHTML} Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on Windows"),
        (f"{MAC} {KHTML} Chrome/131.0 Safari/537.36 Edg/131.0", "Edge on macOS"),
        (f"{ANDROID} {KHTML} Chrome/131.0 Mobile Safari/537.36 EdgA/131.0", "Edge on Android"),
        (f"{PHONE} {WEBKIT} Version/18.0 EdgiOS/131.0 Mobile Safari/604.1", "Edge on iPhone"),
        (f"{MAC} {WEBKIT} Version/18.1 Safari/605.1.15", "Safari on macOS"),
        (f"{PHONE} {WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{PAD} {WEBKIT} Version/18.1 Mobile/15E148 Safari/604.1", "Safari on iPad"),
        (f"{WINDOWS}) {KHTML} Chrome/131.0 Safari/537.36 OPR/116.0", "Another browser"),
        ("curl/8.9.1", "Another browser"),
        ("Mozilla/5.0 (Nothing) Firefox/133.0", "Another browser"),
        ("", "Another browser"),
    ],
)
def test_a_device_has_a_name(user_agent: str, name: str) -> None:
    assert device_name(*browser_and_system(user_agent)) == name
