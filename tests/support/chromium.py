"""The system's Chromium."""

import shutil

from playwright.sync_api import Browser, Playwright

PATH = shutil.which("chromium") or shutil.which("chromium-browser")
"""None where it is not installed."""

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright) -> Browser:
    """Start it without a window."""
    return playwright.chromium.launch(executable_path=PATH, args=ARGUMENTS)
