"""The index of the words by which questions are found."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db import connections, models, router
from django.db.models.expressions import RawSQL

from inbox.models.interaction import Interaction

MAX_ROWS = 100
"""Rows in one statement."""


class QuestionWords(models.Model):
    """The words of a question. Only ``inbox.mirror.index`` writes them.

    - ``question``: of what everyone who sees the question may read.
    - ``answers``: of its answers, which some may not read.
    - ``run``: of what only people who see the whole run may read.

    A table of FTS5 on SQLite, three ``tsvector`` columns on PostgreSQL; both keep the words as
    ``inbox.lib.words`` splits them.
    """

    interaction = models.OneToOneField(
        Interaction,
        on_delete=models.CASCADE,
        primary_key=True,
        db_column="rowid",
        related_name="+",
    )
    question = models.TextField()
    answers = models.TextField()
    run = models.TextField()

    def __str__(self) -> str:
        return str(self.pk)


Row = tuple[int, Collection[str], Collection[str], Collection[str]]
"""The number of a question, and the words of the three columns."""

TABLE = QuestionWords._meta.db_table
_SQLITE = (
    f"INSERT OR REPLACE INTO {TABLE} (rowid, question, answers, run) VALUES ",  # noqa: S608 - no input
    "(%s, %s, %s, %s)",
    "",
)
_POSTGRESQL = (
    f"INSERT INTO {TABLE} (rowid, question, answers, run) VALUES ",  # nosec # noqa: S608 - no input
    "(%s, array_to_tsvector(%s::text[]), array_to_tsvector(%s::text[]),"
    " array_to_tsvector(%s::text[]))",
    " ON CONFLICT (rowid) DO UPDATE SET question = EXCLUDED.question,"
    " answers = EXCLUDED.answers, run = EXCLUDED.run",
)


_RULES = 5
"""Raise it when other texts are indexed, or words are split differently."""


def rules() -> str:
    """Identifies what is indexed and how. If it changes, all questions are indexed again."""
    facts = (_RULES, unicodedata.unidata_version, settings.MASKED_KEYS, settings.MASK_NUMBERS)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def write(rows: Sequence[Row]) -> None:
    """Replaces the previous words."""
    connection = connections[router.db_for_write(QuestionWords)]
    sqlite = connection.vendor == "sqlite"
    insert, values, replace = _SQLITE if sqlite else _POSTGRESQL
    with connection.cursor() as cursor:
        for start in range(0, len(rows), MAX_ROWS):
            batch = rows[start : start + MAX_ROWS]
            parameters: list[Any] = []
            for number, *columns in batch:
                parameters += (number, *map(" ".join if sqlite else list, columns))
            cursor.execute(insert + ", ".join([values] * len(batch)) + replace, parameters)


def pks_matching(terms: Iterable[Collection[str]], columns: Sequence[str]) -> RawSQL:
    """Questions that have every one of ``terms`` in ``columns``, as a subquery of primary keys.

    A term is a list of beginnings of words, one of which is enough; there is at least one term.
    """
    if connections[router.db_for_read(QuestionWords)].vendor == "sqlite":
        every = " AND ".join(f"({' OR '.join(_quoted(term))})" for term in terms)
        sql = f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s"  # nosec # noqa: S608 - no input
        return RawSQL(sql, [f"{{{' '.join(columns)}}} : ({every})"])  # nosec # noqa: S611 - all input is a parameter
    selects: list[str] = []
    parameters: list[str | list[str]] = []
    queries = [[f"'{word}':*" for word in term] for term in terms]
    single = [query for query, *others in queries if not others]
    if single:
        every = " AND ".join([_any_column("%s::tsquery", columns)] * len(single))
        selects.append(f"SELECT rowid FROM {TABLE} WHERE {every}")  # nosec # noqa: S608 - no input
        parameters += [query for query in single for _ in columns]
    # With a join, PostgreSQL looks up each beginning in the index. It would compare one query of
    # several hundred, such as people with the same first name, with every row. INTERSECT keeps it
    # from doing so when the search has other words too.
    matches = _any_column("beginning", columns)
    for several in queries:
        if len(several) > 1:
            selects.append(
                f"SELECT rowid FROM unnest(%s::tsquery[]) AS beginning JOIN {TABLE} ON {matches}"  # nosec # noqa: S608 - no input
            )
            parameters.append(several)
    return RawSQL(" INTERSECT ".join(selects), parameters)  # nosec # noqa: S611 - all input is a parameter


def first_pks_matching(
    terms: Iterable[Collection[str]], columns: Sequence[str], most: int
) -> list[int]:
    """In no order and perhaps repeated."""
    found = pks_matching(terms, columns)
    with connections[router.db_for_read(QuestionWords)].cursor() as cursor:
        cursor.execute(f"{found.sql} LIMIT %s", [*found.params, most])
        return [pk for (pk,) in cursor.fetchall()]


def _any_column(query: str, columns: Iterable[str]) -> str:
    return f"({' OR '.join(f'{column} @@ {query}' for column in columns)})"


def _quoted(words: Iterable[str]) -> Iterable[str]:
    """Words have no quotes in them."""
    return (f'"{word}"*' for word in words)
