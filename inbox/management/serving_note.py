"""``DATA_DIR/serve.json``: the addresses of the running processes."""

import json
from pathlib import Path

from reviewer_site import private_files

FILE = "serve.json"


def write(folder: Path, **addresses: str) -> None:
    private_files.write(folder / FILE, json.dumps(addresses, indent=2) + "\n")


def read(folder: Path) -> dict[str, str] | None:
    """The addresses of the last start; None before the first."""
    try:
        return dict(json.loads((folder / FILE).read_text()))
    except FileNotFoundError:
        return None
