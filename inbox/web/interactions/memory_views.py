"""Help with an answer: comment templates, and similar decisions."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox import access
from inbox.models import Interaction
from inbox.people.names import names_of
from inbox.services import question
from inbox.services.comment_templates import templates_for
from inbox.services.similar import similar as find_similar
from inbox.web.ui.answers import GivenAnswer, ended_at, given_answers, question_of, value_words
from inbox.web.ui.frame import render_page
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.scopes import item_href, read_filters


@dataclass(frozen=True)
class TemplateLine:
    """``answer``: what the group answered with this comment. ``href`` is the question with the
    comment suggested, for browsers without scripts.
    """

    text: str
    answer: str
    href: str


@dataclass(frozen=True)
class SimilarDecision:
    """A closed question, and its answers."""

    item: Interaction
    answers: tuple[GivenAnswer, ...]
    closed_at: datetime | None


@require_safe
def templates(request: ReviewerRequest, id: str) -> HttpResponse:
    """The templates for a comment on the question."""
    item = _seen(request, id)
    filters = read_filters(request.GET)
    lines = [
        TemplateLine(
            template.text,
            "" if template.value is None else value_words(question_of(item), template.value).line,
            item_href(id, filters)
            + ("&" if filters.querystring() else "?")
            + urlencode({"comment": template.text}),
        )
        for template in templates_for(request.viewer, request.upstream, item)
    ]
    context = {"templates": lines, "item": item, "back": item_href(id, filters)}
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "interactions/_templates.html", context)
    return render_page(request, "interactions/templates.html", context, section="inbox")


@require_safe
def similar(request: ReviewerRequest, id: str) -> HttpResponse:
    """The last decisions on the same step of the same workflow."""
    item = _seen(request, id)
    found = find_similar(request.viewer, request.upstream, item)
    ids = {user_id for one in found for user_id in one.answered_by if user_id}
    people = People(names_of(ids), request.viewer.mobius_id)
    decisions = [SimilarDecision(one, given_answers(one, people), ended_at(one)) for one in found]
    context = {"decisions": decisions, "item": item, "now": timezone.now()}
    template, parts = "interactions/similar.html", {f"similar-{id}": "interactions/_similar.html"}
    return render_page(request, template, context, section="inbox", parts=parts)


def _seen(request: ReviewerRequest, id: str) -> Interaction:
    item = question.find(request.viewer, request.upstream, id)
    if item is None or not access.sees(request.viewer, item):
        raise Http404("no such question")
    return item
