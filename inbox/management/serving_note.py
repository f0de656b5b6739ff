"""``DATA_DIR/serve.json``: where what is running can be reached."""

import json
import os
from pathlib import Path

FILE = "serve.json"


def write(folder: Path, **addresses: str) -> None:
    """Write the true addresses, whole or not at all."""
    made = folder / f".{FILE}.{os.getpid()}"
    made.write_text(json.dumps(addresses, indent=2) + "\n")
    made.replace(folder / FILE)


def read(folder: Path) -> dict[str, str] | None:
    """The addresses of the last start; None before the first."""
    try:
        return dict(json.loads((folder / FILE).read_text()))
    except FileNotFoundError:
        return None
