import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = 0o700
FILE = 0o600

OWN_FILES = ("secrets.env", "serve.json", "decisions.anchor", "*.lock", "static/**/*")
"""The product's files in ``DATA_DIR`` besides its databases."""
SIDE_FILES = ("", "-wal", "-shm", "-journal", ".lock")
"""Suffixes of the files of a SQLite database."""


def make_folder(path: Path) -> None:
    """Create ``path`` and missing parents with mode 0700."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER, exist_ok=True)


def make_file(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, FILE))


def write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    make_file(temporary)
    temporary.write_text(text)
    temporary.replace(path)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """The kernel releases the lock however the process ends. Raises BlockingIOError without
    ``wait`` if it is held.
    """
    make_folder(path.parent)
    # A child process doesn't inherit the descriptor, so one that outlives this process has no lock.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def restrict(folder: Path, databases: Iterable[Path]) -> None:
    paths = [path for pattern in OWN_FILES for path in folder.glob(pattern)]
    paths += [Path(f"{database}{ending}") for database in databases for ending in SIDE_FILES]
    for path in paths:
        if path.is_file() and not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) != FILE:
            path.chmod(FILE)


def others_can_enter(folder: Path) -> bool:
    return bool(folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH))
