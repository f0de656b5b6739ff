import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.audit import anchor, cross_check
from inbox.audit.anchor import Head
from inbox.audit.verify import verify
from inbox.models import Decision
from inbox.models.decision import LOG_RESEALED


class Command(BaseCommand):
    help = (
        "Check whether the decision log is intact. If it isn't, name the first entry that "
        "doesn't match and exit with status 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--against",
            type=Path,
            metavar="FILE",
            help="an export, or a copy of an anchor file: the log must contain every head in it",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        verdict = verify()
        if not verdict.intact:
            raise CommandError(f"not intact: {verdict.problem}", returncode=1)
        if options["against"] is not None:
            _compare(options["against"])
        entries = "entry" if verdict.entries == 1 else "entries"
        breaks = Decision.objects.filter(verb=LOG_RESEALED).order_by("number")
        declared = "".join(
            f"; a break was declared at entry {number:,}"
            for number in breaks.values_list("number", flat=True)
        )
        self.stdout.write(f"intact, {verdict.entries:,} {entries}{declared}")


def _compare(path: Path) -> None:
    try:
        heads = _heads(path)
        first = next(heads, None)
        if first is None:
            raise CommandError(f"{path} contains no heads", returncode=2)
        problem = cross_check.missing_head(str(path), chain([first], heads))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} can't be read as an export: {error}", returncode=2) from None
    if problem is not None:
        raise CommandError(f"not intact: {problem}", returncode=1)


def _heads(path: Path) -> Iterator[Head]:
    if path.suffix != ".csv":
        yield from anchor.heads(path, anchor.files()[0].database)
        return
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["verb"] == "head":
                yield Head(int(row["number"]), row["hash"])
