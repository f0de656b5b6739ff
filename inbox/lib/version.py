"""The version from ``pyproject.toml``, with the commit where there is a checkout."""

import shutil
import subprocess
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

VERSION: str = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (_ROOT / ".git").exists():
        return ""
    # The code may belong to another account, which git otherwise refuses.
    command = [git, "-c", f"safe.directory={_ROOT}", "-C", str(_ROOT), "rev-parse", "--short=8"]
    found = subprocess.run(  # nosec B603 # noqa: S603 - our own command
        [*command, "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


# Read once: a newer commit may be checked out while this process runs.
COMMIT = _commit()
SHOWN = f"{VERSION} ({COMMIT})" if COMMIT else VERSION
"""As people see it, such as ``0.2.0 (1b758b95)``."""
