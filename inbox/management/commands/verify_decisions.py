"""Verifies the decision log."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.models import Decision
from inbox.services.audit import entry_count, reseal
from inbox.services.audit.entry_count import Note
from inbox.services.audit.verify import verify


class Command(BaseCommand):
    """Checks the whole log: its chain, its head and its end."""

    help = (
        "Check whether the decision log is intact. If it isn't, name the first entry that "
        "doesn't match and exit with status 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--against",
            type=Path,
            metavar="FILE",
            help="an export, or the file of LOG_ANCHOR: the log must contain every head in it",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        verdict = verify()
        if not verdict.intact:
            raise CommandError(f"not intact: {verdict.problem}", returncode=1)
        if options["against"] is not None:
            _compare(options["against"])
        entries = "entry" if verdict.entries == 1 else "entries"
        breaks = Decision.objects.filter(verb=reseal.VERB).order_by("number")
        declared = "".join(
            f"; a break was declared at entry {number:,}"
            for number in breaks.values_list("number", flat=True)
        )
        self.stdout.write(f"intact, {verdict.entries:,} {entries}{declared}")


def _compare(path: Path) -> None:
    try:
        heads = list(_heads(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} can't be read as an export: {error}", returncode=2) from None
    if not heads:
        raise CommandError(f"{path} contains no heads", returncode=2)
    for head in heads:
        if not entry_count.holds(head):
            raise CommandError(
                f"not intact: entry {head.number:,} in the log differs from {path}, or is missing",
                returncode=1,
            )


def _heads(path: Path) -> Iterator[Note]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        if path.suffix == ".csv":
            rows = (row for row in csv.DictReader(file) if row["verb"] == "head")
        else:
            lines = (json.loads(line) for line in file if line.strip())
            rows = (line["head"] for line in lines if "head" in line)
        for row in rows:
            yield Note(number=int(row["number"]), hash=row["hash"])
