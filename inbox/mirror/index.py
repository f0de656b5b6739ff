"""Writes the words by which questions are found.

They are written in the transaction that writes the question, so both are always of the same age.
"""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from asgiref.sync import sync_to_async
from django.db import transaction

from inbox.access.redaction import key_words
from inbox.access.search import Text, answer_texts, index_word, people_of, question_texts
from inbox.lib.words import words_of
from inbox.mirror.rebuild import run_in_batches
from inbox.mirror.rows import run_search
from inbox.mirror.upsert import chunks
from inbox.models import Interaction, QuestionWords, Run, Upstream, question_words
from inbox.models.question_words import rules

BATCH = 200
"""Questions in one transaction; other writers wait for it."""

log = logging.getLogger(__name__)


def write(items: Collection[Interaction], runs: Mapping[str, Run]) -> None:
    """``runs`` are those of the saved questions, by ID."""
    question_words.write([_row(item, runs.get(item.run_id or "")) for item in items])


def _row(item: Interaction, run: Run | None) -> question_words.Row:
    own = _words(question_texts(item)) | dict.fromkeys(map(index_word, people_of(item)))
    whole_run = words_of(run.external_id or "") if run is not None else ()
    return item.pk, own, _words(answer_texts(item)), whole_run


def _words(texts: Collection[Text]) -> dict[str, None]:
    labels = dict.fromkeys(label for label, _ in texts)
    # A key in camelCase is shown as words, and can be typed as one.
    parts = [text for _, text in texts] + [word for label in labels for word in _spellings(label)]
    return dict.fromkeys(words_of("\n".join(parts)))


@lru_cache(maxsize=4096)
def _spellings(label: str) -> tuple[str, ...]:
    return (label, *key_words(label))


async def rebuild_if_rules_changed() -> None:
    """The index is emptied first: what is no longer indexed must not be found."""
    upstream = await sync_to_async(Upstream.current)()
    if upstream.index_rules == rules():
        return
    log.warning("Questions are being indexed for search in the background, once after a change")
    done = await run_in_batches(rebuild(upstream))
    log.warning("Questions have been indexed for search: %d", done)


def rebuild(upstream: Upstream) -> Iterator[int]:
    """Newest questions first; yields how many are done."""
    QuestionWords.objects.filter(interaction__upstream=upstream).delete()
    for _ in _renew_runs(upstream):
        yield 0
    rows = Interaction.objects.filter(upstream=upstream).defer("raw").order_by("-pk")
    last, done = None, 0
    while True:
        with transaction.atomic():
            locked = Upstream.lock(upstream.pk)
            items = list((rows if last is None else rows.filter(pk__lt=last))[:BATCH])
            if not items:
                Upstream.objects.filter(pk=locked.pk).update(index_rules=rules())
                return
            write(items, _runs_of(locked, items))
        last, done = items[-1].pk, done + len(items)
        yield done


def _renew_runs(upstream: Upstream) -> Iterator[None]:
    """The search text changes when more is masked."""
    rows = Run.objects.filter(upstream=upstream).defer("raw", "plan").order_by("pk")
    last = 0
    while True:
        with transaction.atomic():
            Upstream.lock(upstream.pk)
            runs = list(rows.filter(pk__gt=last)[:BATCH])
            changed = [run for run in runs if run.search != run_search(run)]
            for run in changed:
                run.search = run_search(run)
            Run.objects.bulk_update(changed, ["search"])
        if not runs:
            return
        last = runs[-1].pk
        yield


def _runs_of(upstream: Upstream, items: Iterable[Interaction]) -> dict[str, Run]:
    runs: dict[str, Run] = {}
    for ids in chunks({item.run_id for item in items if item.run_id}):
        rows = Run.objects.filter(upstream=upstream, mobius_id__in=ids)
        runs |= {run.mobius_id: run for run in rows.only("mobius_id", "external_id")}
    return runs
