"""Folders and files that only the account running the product may read."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

FOLDER = 0o700
FILE = 0o600

OWN = ("secrets.env", "serve.json", "decisions.json", "*.lock", "static/**/*")
"""What the product keeps in ``DATA_DIR`` besides its databases."""
SIDE_FILES = ("", "-wal", "-shm", "-journal", ".lock")
"""Endings of the files that belong to one SQLite database."""


def make_folder(path: Path) -> None:
    """Create ``path`` and its missing parents with mode 0700; one that exists stays as it is."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    """Create an empty file with mode 0600 unless it exists."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, FILE))


def write(path: Path, text: str) -> None:
    """Replace ``path`` as a whole, with mode 0600."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    make_file(made)
    made.write_text(text)
    made.replace(path)


def restrict(folder: Path, databases: Iterable[Path]) -> None:
    """Set the product's own files to 0600: those in ``folder`` and its SQLite ``databases``."""
    own = [path for pattern in OWN for path in folder.glob(pattern)]
    own += [Path(f"{database}{ending}") for database in databases for ending in SIDE_FILES]
    for path in own:
        if path.is_file() and not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) != FILE:
            path.chmod(FILE)


def others_can_enter(folder: Path) -> bool:
    """Accounts other than the folder's owner may open what is in it."""
    return bool(folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH))
