from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access.redaction import HIDDEN, masked
from inbox.mobius.types import ONLY_QUESTION, QuestionAnswer
from inbox.models import Interaction
from inbox.models.interaction import ACCEPTED, answered_at
from inbox.web.ui.labels import TASK, listed
from inbox.web.ui.people import Face, People
from inbox.web.ui.values import compact
from inbox.web.ui.when import ago

SHORT = 60
"""The most characters of an answer shown on one line."""


@dataclass(frozen=True)
class Words:
    """``tone`` is ``yes``, ``no`` or empty; ``chosen``: ``Northgate``, ``2 of 3``. ``line`` is
    empty for a text that is too long for one line.
    """

    text: str
    tone: str = ""
    icon: str = ""
    long: bool = False
    chosen: str = ""
    line: str = ""

    def done_by(self, name: str, *, viewer: bool = False) -> str:
        """``Lee approved``, ``You chose Northgate``."""
        if self.tone == "yes":
            did = _("You approved") if viewer else _("%(name)s approved")
        elif self.tone == "no":
            did = _("You rejected") if viewer else _("%(name)s rejected")
        elif self.chosen:
            did = _("You chose %(answer)s") if viewer else _("%(name)s chose %(answer)s")
        else:
            did = _("You answered") if viewer else _("%(name)s answered")
        return did % {"name": name, "answer": self.chosen}


def check_words(action: str) -> Words:
    """What a checker decided, one of ``CHECKS``."""
    if action == ACCEPTED:
        return Words(_("Accepted"), tone="yes", icon="check")
    return Words(_("Asked for changes"), icon="undo")


@dataclass(frozen=True)
class GivenAnswer:
    face: Face
    words: Words
    comment: str
    at: datetime | None
    did: str


@dataclass(frozen=True)
class Member:
    """``state``: ``answered``, ``received`` (accepted, not shown by Mobius yet), ``turn``,
    ``missing``. ``blocks``: the question can't be completed without this person.
    """

    face: Face
    state: str
    given: GivenAnswer | None = None
    note: str = ""
    blocks: bool = False

    @property
    def missing(self) -> bool:
        return self.state == "missing"


def answer_words(
    questions: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]
) -> Words:
    """Several answers have a line each, after the prompt of their question. Their ``line`` is
    without prompts, and is cut.
    """
    asked = {question.get("id", ONLY_QUESTION): question for question in questions}
    words = {
        answer["question"]: value_words(
            asked.get(answer["question"], {}),
            QuestionAnswer.model_validate(answer).content,
            other=answer.get("other"),
        )
        for answer in answers
    }
    if len(words) == 1 and len(asked) < 2:
        return next(iter(words.values()))
    if not words:
        return Words(_("No answer"), icon="done", line=_("No answer"))
    lines = (
        labelled(asked.get(id_, {}).get("prompt") or id_, one.text) for id_, one in words.items()
    )
    line = Truncator(" · ".join(one.line or one.text for one in words.values())).chars(SHORT)
    return Words("\n".join(lines), icon="done", long=True, line=" ".join(line.split()))


def labelled(prompt: str, answer: str) -> str:
    """``Who hosts? Sam``, ``Place: Corner``."""
    return f"{prompt} {answer}" if prompt.endswith(("?", ":", ".", "!")) else f"{prompt}: {answer}"


def words_of_value(item: Interaction, value: Any) -> Words:
    """``value`` is as ``inbox.models.answers.value_of`` has it."""
    if item.only_question or not isinstance(value, list):
        return value_words(item.only_question, value)
    return answer_words(item.questions, value)


def _labels(question: Mapping[str, Any]) -> dict[str, str]:
    options = question.get("options") or ()
    return {str(o.get("value")): str(o.get("label") or o.get("value")) for o in options}


def value_words(question: Mapping[str, Any], value: Any, *, other: str | None = None) -> Words:
    """A value of unknown shape is shown as JSON. ``other`` is the text of *Other…*."""
    labels = _labels(question)
    if other is not None:
        value = [*value, other] if isinstance(value, list) else other
    chosen, line = "", None
    match question.get("mode"), value:
        case "confirm", True:
            text = _("Approved")
            return Words(text, "yes", "check", line=text)
        case "confirm", False:
            text = _("Rejected")
            return Words(text, "no", "x", line=text)
        case "select", str():
            chosen = text = line = labels.get(value, value)
        case "multi_select", list():
            names = [labels.get(str(v), str(v)) for v in value]
            text = line = ", ".join(names) or _("None of these")
            if len(names) > 1 and _is_long(text):
                more = _("%(first)s and %(count)d more")
                line = more % {"first": names[0], "count": len(names) - 1}
            chosen = _of(len(names), len(labels) or len(names))
        case _, str():
            text = value or _("An empty answer")
        case _:
            text = compact(masked(value))
    long = _is_long(text)
    if line is None:
        line = "" if long else text
    return Words(text, icon="done", long=long, chosen=chosen, line=line)


def _is_long(text: str) -> bool:
    return len(text) > SHORT or "\n" in text


def given_answers(
    item: Interaction, people: People, *, earlier_rounds: bool = False
) -> tuple[GivenAnswer, ...]:
    """In upstream's order."""
    answers = []
    for response in item.responses or () if earlier_rounds else item.current_responses:
        user_id, hidden = response.get("user_id"), bool(response.get(HIDDEN))
        words = (
            Words(_("Answered"), icon="done")
            if hidden
            else answer_words(item.questions or (), response["answers"])
        )
        answers.append(
            GivenAnswer(
                face=people.face(user_id),
                words=words,
                comment=response.get("comment") or "",
                at=answered_at(response)
                or (item.completed_at if len(item.current_responses) == 1 else None),
                did=_did(item, words, user_id, people),
            )
        )
    return tuple(answers)


def _did(item: Interaction, words: Words, user_id: str | None, people: People) -> str:
    if item.type == TASK:
        you, other = _("You submitted the result"), _("%(name)s submitted the result")
        return people.sentence(user_id, you, other)
    return words.done_by(people.full(user_id), viewer=people.is_viewer(user_id))


def members(
    item: Interaction,
    people: People,
    *,
    left: Collection[str] = (),
    received: Collection[str] = (),
    lead: bool = False,
) -> tuple[Member, ...]:
    """``left`` are no longer in the group; ``received``: as in ``progress``."""
    if not item.shared:
        return ()
    off = people.names.deactivated
    answered = {answer.face.id: answer for answer in given_answers(item, people)}
    unable = unable_to_answer(
        item, accounts=filter(people.has_account, item.missing), off=off, left=left
    )
    needed = lead and item.is_short_of(unable)
    row = []
    for user_id in item.members or ():
        state = "answered" if user_id in answered else "missing"
        if state == "missing" and user_id in received:
            state = "received"
        elif state == "missing" and people.is_viewer(user_id) and item.pending:
            state = "turn"
        note = ""
        if item.pending and state == "missing":
            here = people.has_account(user_id)
            note = obstacle(account=here, off=user_id in off, left=user_id in left, needed=needed)
        blocks = bool(note) and needed
        row.append(Member(people.face(user_id), state, answered.get(user_id), note, blocks))
    return tuple(row)


def members_from_words(item: Interaction) -> str:
    """Empty for a question to people who are named one by one."""
    if item.asks_named_people or (item.target_id and item.target_type != "group"):
        return ""
    if not item.target_id:
        return _("Mobius doesn't say who this is for. Only team leads can see it.")
    match item.members_from:
        case Interaction.FROM_SNAPSHOT:
            return _("This went to the people who were in the group when the question was created.")
        case Interaction.FROM_GROUPS:
            return _("This goes to everyone who is currently in the group in Mobius.")
        case Interaction.FROM_MAPPING:
            return _("This goes to the people an administrator assigned to this group.")
        case _:
            return _("No members are known for this group. Only team leads can see this question.")


def unable_to_answer(
    item: Interaction,
    *,
    accounts: Iterable[str],
    off: Collection[str],
    left: Collection[str] = (),
) -> set[str]:
    """Of those who have not answered. Where a quorum is enough, people without an account here
    count as able: they may answer in Mobius.
    """
    unable = {user_id for user_id in item.missing if user_id in off or user_id in left}
    return unable if item.policy_kind == "quorum" else unable | {*item.missing} - {*accounts}


def obstacle(*, account: bool, off: bool, left: bool, needed: bool = False) -> str:
    """Empty if they can. ``needed``: the question can't be completed without them."""
    if not account:
        return (
            _("No account here; the question can't be completed without them")
            if needed
            else _("No account here")
        )
    if off:
        return (
            _("The account is deactivated; the question can't be completed without them")
            if needed
            else _("The account is deactivated")
        )
    if left:
        return (
            _("No longer in the group; the question can't be completed without them")
            if needed
            else _("No longer in the group")
        )
    return ""


def closing_sentence(
    item: Interaction, people: People, now: datetime, *, outside: bool = False
) -> str:
    """``outside``: the viewer's answer is known to have been made outside this app."""
    if item.deleted:
        return _("This question no longer exists in Mobius.")
    if item.closed_unanswered:
        return unanswered_sentence(item, now)
    if item.status != "completed":
        reviewed = _("This was answered and is being reviewed. It can't be answered now.")
        return reviewed if item.status == "in_review" else ""
    if item.checks and (check := item.checks[-1])["action"] == ACCEPTED:
        return _accepted(item, check["actor_id"], people, now)
    return _completed(item, people, now, outside=outside)


def _completed(item: Interaction, people: People, now: datetime, *, outside: bool) -> str:
    answers = given_answers(item, people)
    if len(answers) > 1:
        return _last_answered(item, [answer.face.id for answer in answers], people, now)
    by, answer = item.responder_id, ""
    if answers:
        by, words = answers[0].face.id, answers[0].words
        answer = "" if words.long else words.text.rstrip(".")
    if outside and people.is_viewer(by):
        at = item.completed_at
        return answered_outside(ago(at, now) if at is not None else "", answer)
    return _answered(item, by, answer, people, now)


def answered_outside(when: str, answer: str) -> str:
    facts = {"when": when, "answer": answer}
    if when and answer:
        return _("You answered this outside this app %(when)s: %(answer)s.") % facts
    if when:
        return _("You answered this outside this app %(when)s.") % facts
    if answer:
        return _("You answered this outside this app: %(answer)s.") % facts
    return _("You answered this outside this app.")


def _accepted(item: Interaction, user_id: str | None, people: People, now: datetime) -> str:
    if item.completed_at is None:
        return people.sentence(user_id, _("You accepted this."), _("%(name)s accepted this."))
    you, other = _("You accepted this %(ago)s."), _("%(name)s accepted this %(ago)s.")
    return people.sentence(user_id, you, other, ago=ago(item.completed_at, now))


def _answered(
    item: Interaction, user_id: str | None, answer: str, people: People, now: datetime
) -> str:
    at = item.completed_at
    if at is None and answer:
        you = _("You answered this: %(answer)s.")
        other = _("%(name)s answered this: %(answer)s.")
    elif at is None:
        you, other = _("You answered this."), _("%(name)s answered this.")
    elif answer:
        you = _("You answered this %(ago)s: %(answer)s.")
        other = _("%(name)s answered this %(ago)s: %(answer)s.")
    else:
        you, other = _("You answered this %(ago)s."), _("%(name)s answered this %(ago)s.")
    facts = {"ago": ago(at, now) if at is not None else "", "answer": answer}
    return people.sentence(user_id, you, other, **facts)


def _last_answered(item: Interaction, user_ids: list[str], people: People, now: datetime) -> str:
    names = listed(people.objects(user_ids))
    if item.completed_at is None:
        return _("%(names)s answered this.") % {"names": names}
    facts = {"names": names, "ago": ago(item.completed_at, now)}
    return _("%(names)s answered this, most recently %(ago)s.") % facts


def unanswered_sentence(item: Interaction, now: datetime) -> str:
    """``This expired 4 min ago. It can no longer be answered.``"""
    at = ended_at(item)
    if at is None or at > now:
        match item.state:
            case Interaction.CANCELLED:
                return _("This was cancelled. It can no longer be answered.")
            case Interaction.BYPASSED:
                return _("This was bypassed by a signal. It can no longer be answered.")
            case _:
                return _("This expired. It can no longer be answered.")
    match item.state:
        case Interaction.CANCELLED:
            words = _("This was cancelled %(ago)s. It can no longer be answered.")
        case Interaction.BYPASSED:
            words = _("This was bypassed by a signal %(ago)s. It can no longer be answered.")
        case _:
            words = _("This expired %(ago)s. It can no longer be answered.")
    return words % {"ago": ago(at, now)}


def ended_at(item: Interaction) -> datetime | None:
    """At its deadline if it expired, else when upstream closed it."""
    in_time = None if item.closed_early else item.expires_at
    return item.completed_at or in_time or item.closed_at


@dataclass(frozen=True)
class Effect:
    """``strong`` is shown in bold, ``rest`` follows it."""

    strong: str
    rest: str


def progress(item: Interaction, *, received: Collection[str] = ()) -> tuple[int, int] | None:
    """(given, needed), or None if one answer is enough. ``received``: people whose answers Mobius
    has accepted and does not show yet.
    """
    return (len(item.answered_by) + len(received), item.required) if item.shared else None


def progress_text(counts: tuple[int, int] | None) -> str:
    """``2 of 5``; empty if one answer is enough."""
    return "" if counts is None else _of(*counts)


def _of(count: int, total: int) -> str:
    return _("%(count)d of %(total)d") % {"count": count, "total": total}


def effect(item: Interaction, people: People, *, received: Collection[str] = ()) -> Effect:
    goes_on = item.run_id is not None
    counts = progress(item, received=received)
    if counts is None:
        return _alone(item, goes_on=goes_on)
    done, total = counts
    number = done + 1
    if total == 1:
        return _alone(item, goes_on=goes_on)
    facts = {"needed": total, "asked": len(item.members or ()), "given": done}
    quorum = item.policy_kind == "quorum" and total < facts["asked"]
    consequence = _("It resumes the run.") if goes_on else _("It closes the question.")
    if item.details.get("checkers"):
        consequence = _("It goes to the people who review it.")
    if number >= total and quorum:
        last = _("%(needed)d of %(asked)d needed, %(given)d given: yours completes it.")
        agree = _("Answers count whether they agree or not.")
        return Effect(last % facts, f"{consequence} {agree}")
    if number >= total:
        last = ngettext(
            "Yours is the last of %(count)d answer.",
            "Yours is the last of %(count)d answers.",
            total,
        )
        return Effect(last % {"count": total}, consequence)
    strong = _("Yours will be answer %(number)d of %(total)d.") % {"number": number, "total": total}
    if quorum:
        strong = _("%(needed)d of %(asked)d needed, %(given)d given.") % facts
    others = [
        member for member in item.missing if member not in received and not people.is_viewer(member)
    ]
    return Effect(strong, _waits(others, people, goes_on=goes_on, more=total - number))


def _alone(item: Interaction, *, goes_on: bool) -> Effect:
    if not item.policy_is_known and item.target_type == "group":
        unknown = _("Mobius doesn't say how many people have to answer.")
        return Effect(unknown, _("One answer may be enough."))
    if item.details.get("checkers"):
        return Effect(_("Your answer goes to the people who review it."), "")
    if len(item.members or ()) > 1:
        enough = _("One answer is enough.")
        if goes_on:
            return Effect(enough, _("Yours will resume the run."))
        return Effect(enough, _("Yours will close the question."))
    if goes_on:
        return Effect(_("Your answer resumes the run."), "")
    waiting = _("No run is waiting for it.")
    if item.details.get("turn_id"):
        waiting = _("The agent that asked continues with it.")
    return Effect(_("Your answer closes the question."), waiting)


def _waits(missing: list[str], people: People, *, goes_on: bool, more: int) -> str:
    if more < len(missing):
        facts = {"count": more, "total": len(missing)}
        if goes_on:
            words = _("The run will then wait for %(count)d of %(total)d people.")
        else:
            words = _("The question will then wait for %(count)d of %(total)d people.")
        return words % facts
    names = {"names": listed(people.objects(missing))}
    if goes_on:
        return _("The run will then wait for %(names)s.") % names
    return _("The question will then wait for %(names)s.") % names


def after_mine(item: Interaction, people: People, *, received: Collection[str] = ()) -> str:
    if not item.policy_is_known:
        return _("The question is still open: others may have to answer.")
    missing = [member for member in item.missing if member not in received]
    if missing:
        names = listed(people.objects(missing))
        return _("Still waiting for %(names)s.") % {"names": names}
    if item.run_id is None:
        return _("The question closes as soon as Mobius has counted the answers.")
    return _("The run resumes as soon as Mobius has counted the answers.")
