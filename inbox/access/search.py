"""Finding questions, runs and people by words: what is searched, and who finds what.

Every word of a search must be the beginning of a word of the question. Others' answers, which some
may not read yet, and what only people who see the whole run may read, are separate columns of the
index (``inbox.models.question_words``): a person who may not read them doesn't find them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any

from django.conf import settings
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

from inbox.access.redaction import Masked, masked, masked_context
from inbox.access.rules import (
    Viewer,
    groups,
    interactions,
    listed_runs,
    runs,
    sees_whole_run,
    with_hidden_answers,
)
from inbox.lib.words import words_of
from inbox.models import Group, Interaction, Membership, Reviewer, Run, Upstream
from inbox.models.answers import answers_to, value_of
from inbox.models.question_words import first_pks_matching, pks_matching

Text = tuple[str, str]
"""A text and what it stands under: a key, a person's ID, or nothing."""

Name = tuple[str, str, str, str]
"""The Mobius ID of a person or group, its name and handle, and a text that is empty."""

MOST_OF_QUESTION = 48 * 1024
MOST_OF_ANSWERS = 16 * 1024
MOST_NAMED = 20
"""People of one search whose questions are checked, to see whether the viewer may find them."""


def search_questions(
    viewer: Viewer, upstream: Upstream, text: str, *, limit: int
) -> list[Interaction]:
    """Open questions first, then the newest. None for a text without words."""
    if not words_of(text):
        return []
    order = (Case(When(status="pending", then=0), default=1), "-created_at", "-pk")
    rows = interactions(viewer, upstream).filter(matching(viewer, upstream, text), deleted=False)
    # Only their numbers are sorted: there may be very many, and rows are wide.
    first = rows.order_by(*order).values("pk")[:limit]
    found = Interaction.objects.filter(pk__in=first).defer("raw", "context", "details", "message")
    return list(found.order_by(*order))


def search_runs(
    viewer: Viewer,
    upstream: Upstream,
    text: str,
    questions: Iterable[Interaction],
    *,
    limit: int,
) -> list[Run]:
    """Newest first.

    People who see whole runs search as in the list of runs. Others get the runs of those
    ``questions``, which were found with the same words.
    """
    if sees_whole_run(viewer):
        rows = listed_runs(viewer, upstream).not_deleted_by_index()
        words = text.replace("#", " ").lower().split()
        for word in words:
            rows = rows.filter(search__contains=word)
        rows = rows if words else rows.none()
    else:
        ids = {item.run_id for item in questions if item.run_id}
        rows = runs(viewer, upstream).filter(deleted=False, mobius_id__in=ids)
    columns = ("mobius_id", "workflow", "state", "created_at")
    return list(rows.only(*columns).order_by("-created_at", "-id")[:limit])


def search_people(
    viewer: Viewer, upstream: Upstream, text: str, *, limit: int
) -> list[tuple[str, str]]:
    """Mobius ID and name.

    A lead finds everyone with an account; others find the members of their groups, and those named
    in questions that they may see.
    """
    words = words_of(text)
    if not words:
        return []
    rows = Reviewer.objects.exclude(mobius_id=None).exclude(mobius_id="")
    # Only their names: an object for each of all accounts would take most of the time.
    names = rows.filter(user__is_active=True).values_list("mobius_id", "name", "user__username")
    called = [
        (str(id_), name)
        for id_, name, username in names.order_by("user__username")
        if _is_called(f"{name} {username}", words)
    ]
    if viewer.lead or not called:
        return called[:limit]
    ids = [id_ for id_, _ in called]
    members = Membership.objects.filter(group__in=groups(viewer, upstream).values("pk"))
    known = {viewer.mobius_id, *members.filter(user_id__in=ids).values_list("user_id", flat=True)}
    others = [id_ for id_ in ids if id_ not in known][:MOST_NAMED]
    known.update(id_ for id_ in others if _is_named(viewer, upstream, id_))
    return [(id_, name) for id_, name in called if id_ in known][:limit]


def _is_called(name: str, words: list[str]) -> bool:
    parts = words_of(name)
    return all(any(part.startswith(word) for part in parts) for word in words)


def _is_named(viewer: Viewer, upstream: Upstream, id_: str) -> bool:
    named = pks_matching([[index_word(id_)]], ["question"])
    return interactions(viewer, upstream).filter(deleted=False, pk__in=named).exists()


def matching(
    viewer: Viewer,
    upstream: Upstream,
    text: str,
    *,
    of: str = "pk",
    names: Iterable[Name] | None = None,
    few: int = 0,
) -> Q:
    """A condition, as far as the viewer may read the question.

    ``of`` is the field with the question's primary key, ``names`` what ``names_in`` has found. If
    fewer than ``few`` questions match, their primary keys are read by another query, so that a list
    starts from them; with 0 they are always a subquery.
    """
    words = list(dict.fromkeys(words_of(text)))
    if not words:
        return Q()
    terms = _with_names(words, names_in(upstream) if names is None else names)
    readable = ["question", "run"] if sees_whole_run(viewer) else ["question"]
    found = Q(**{f"{of}__in": _pks_matching(terms, [*readable, "answers"], few)})
    if not settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE:
        return found
    hidden = with_hidden_answers(viewer, upstream).values("pk")
    without_answers = Q(**{f"{of}__in": _pks_matching(terms, readable, few)})
    return without_answers | found & ~Q(**{f"{of}__in": hidden})


def _pks_matching(terms: list[list[str]], columns: list[str], few: int) -> RawSQL | list[int]:
    """A list of fewer than ``few``, or a subquery."""
    first = first_pks_matching(terms, columns, few) if few else []
    return first if len(first) < few else pks_matching(terms, columns)


def names_in(upstream: Upstream) -> QuerySet[Any, Any]:
    """Names are not indexed, so a person who is renamed is found at once."""
    people = Reviewer.objects.filter(mobius_id__isnull=False).order_by()
    groups = Group.objects.filter(upstream=upstream).order_by()
    return people.values_list("mobius_id", "name", Value(""), Value("")).union(
        groups.values_list("mobius_id", "name", "handle", Value("")), all=True
    )


def _with_names(words: Iterable[str], rows: Iterable[Name]) -> list[list[str]]:
    """Adds to each word the index words of the people and groups whose names have it."""
    named = [
        (index_word(str(id_)), words_of(f"{name} {handle}")) for id_, name, handle, _kind in rows
    ]
    return [
        [word, *(indexed for indexed, name in named if any(part.startswith(word) for part in name))]
        for word in words
    ]


@lru_cache(maxsize=4096)
def index_word(id_: str) -> str:
    """No typed text can match it."""
    return "\ue000" + hashlib.sha256(id_.encode()).hexdigest()[:16]


def people_of(item: Interaction) -> list[str]:
    ids = (item.asked_by, item.target_id, item.group_id, item.claimed_by, item.responder_id)
    return list(dict.fromkeys(id_ for id_ in (*ids, *item.answered_by) if id_))


def question_texts(item: Interaction) -> list[Text]:
    """At most ``MOST_OF_QUESTION`` bytes."""
    ids = [item.mobius_id]
    if item.run_id:
        # Pages show the end of it.
        ids += [item.run_id, item.run_id.rpartition("_")[2][-5:]]
    names = [*ids, item.workflow, *people_of(item), item.message]
    # Pages show the deadline in the viewer's time zone, and no one looks for it in UTC.
    context = masked_context({key: part for key, part in item.context.items() if key != "due_at"})
    links = [item.details.get("subject"), *item.details.get("references", ())]
    labels = [link["label"] for link in links if link] + [
        option.get("label") or ""
        for question in item.questions
        for option in question.get("options") or ()
    ]
    tags = masked_context(item.details.get("tags", {}))
    texts = [("", text) for text in (*names, *filter(None, labels))]
    return _cut([*texts, *_texts(tags), *_texts(context)], MOST_OF_QUESTION)


def answer_texts(item: Interaction) -> list[Text]:
    """At most ``MOST_OF_ANSWERS`` bytes. Comments are under the ID of the person who gave them."""
    if item.pending and not item.responses:
        return []
    options = (option for question in item.questions for option in question.get("options") or ())
    labels = {str(option.get("value")): str(option.get("label") or "") for option in options}
    answers = answers_to(item.only_question, item.value)
    alone = {"user_id": item.responder_id, "answers": answers, "comment": item.comment}
    texts: list[Text] = []
    for answer in item.responses or [alone]:
        person = str(answer.get("user_id") or "")
        texts.append((person, answer.get("comment") or ""))
        for label, text in _texts(masked(value_of(answer["answers"]))):
            texts.append((person, labels.get(text) or ""))
            texts.append((person, f"{label} {text}" if label else text))
    return _cut(texts, MOST_OF_ANSWERS)


def _texts(value: Any) -> list[Text]:
    """Of what is masked only the key."""
    texts: list[Text] = []
    stack = [("", value)]
    while stack:
        key, part = stack.pop()
        if isinstance(part, dict):
            texts.append((key, ""))
            stack += reversed(part.items())
        elif isinstance(part, list):
            stack += [(key, inner) for inner in reversed(part)]
        elif part is None or isinstance(part, bool | Masked):
            texts.append((key, ""))
        else:
            texts.append((key, str(part)))
    return texts


def _cut(texts: list[Text], most: int) -> list[Text]:
    # Nearly always there are fewer: no character has more than four bytes.
    if 4 * sum(map(len, chain.from_iterable(texts))) < most:
        return texts
    return list(_first(texts, most))


def _first(texts: Iterable[Text], most: int) -> Iterator[Text]:
    for label, text in texts:
        size = len(text) if text.isascii() else len(text.encode(errors="replace"))
        if size <= most:
            yield label, text
        else:
            yield label, text.encode(errors="replace")[:most].decode(errors="ignore")
        most -= len(label) + size
        if most <= 0:
            return
