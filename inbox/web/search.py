from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inbox.access import Viewer
from inbox.access.search import search_people, search_questions, search_runs
from inbox.lib.words import words_of
from inbox.models import Interaction, Run, Upstream
from inbox.web.ui.frame import render_page
from inbox.web.ui.labels import asked_in, item_status, kind, run_name, run_status
from inbox.web.ui.lists import ListForm, Search, querystring
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.scopes import OPEN, Filters, rows_of

MOST = 8
"""The most results of each kind."""
LOOKED_AT = 50
"""Questions whose runs are found, for those who don't see all runs."""


class SearchForm(ListForm):
    url_name = "search"

    q = Search(longest=200)


@dataclass(frozen=True)
class Result:
    href: str
    icon: str
    title: str
    meta: str


@dataclass(frozen=True)
class Section:
    """``more_href`` is empty if no list has more."""

    key: str
    title: str
    results: tuple[Result, ...]
    more_href: str = ""


@require_safe
def search(request: ReviewerRequest) -> HttpResponse:
    text = SearchForm.read(request.GET).cleaned_data["q"]
    context = {"sections": found(request.viewer, request.upstream, text), "text": text}
    parts = {"palette-found": "search/_options.html"}
    return render_page(request, "search/search.html", context, section="search", parts=parts)


def found(viewer: Viewer, upstream: Upstream, text: str) -> tuple[Section, ...]:
    """Questions with all words in their title come first, and people before other questions."""
    if not text:
        return ()
    questions = search_questions(viewer, upstream, text, limit=LOOKED_AT)
    questions.sort(key=lambda item: not _in_title(item, text))
    runs = search_runs(viewer, upstream, text, questions, limit=MOST)
    people = search_people(viewer, upstream, text, limit=MOST)
    more = rows_of(OPEN, viewer, upstream).filter(interaction__in=questions[MOST:])
    inbox = Filters.link(q=text) if len(questions) > MOST and more.exists() else ""
    sections = (
        Section("questions", _("Questions"), tuple(map(_question, questions[:MOST])), inbox),
        Section("runs", _("Runs"), tuple(map(_run, runs))),
        Section("people", _("People"), tuple(_people(viewer, people))),
    )
    in_title = bool(questions) and _in_title(questions[0], text)
    in_order = sections if in_title else sorted(sections, key=lambda each: each.key != "people")
    return tuple(section for section in in_order if section.results)


def _in_title(item: Interaction, text: str) -> bool:
    title = words_of(item.title)
    return all(any(word.startswith(part) for word in title) for part in words_of(text))


def _question(item: Interaction) -> Result:
    status = "" if item.pending else item_status(item.state, deleted=item.deleted).label
    meta = " · ".join(filter(None, (asked_in(item.workflow, item.run_id), status)))
    return Result(item.get_absolute_url(), kind(item.type).icon, item.display_title, meta)


def _run(run: Run) -> Result:
    status = run_status(run.state)
    title = run_name(run.workflow, run.mobius_id)
    return Result(run.get_absolute_url(), status.icon, title, status.label)


def _people(viewer: Viewer, people: Iterable[tuple[str, str]]) -> Iterable[Result]:
    """For a lead, links to the questions that wait for a person; else to those that name them."""
    for id_, name in people:
        waiting, theirs = reverse("blocked") + querystring({"person": id_}), Filters.link(q=name)
        href, meta = (waiting, _("Blocked")) if viewer.lead else (theirs, _("Inbox"))
        yield Result(href, "user", name, meta)
