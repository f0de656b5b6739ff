"""Whether the main job works: a question is seen, answered, and the run goes on."""

from dataclasses import dataclass
from enum import StrEnum

from asgiref.sync import async_to_sync
from django.conf import settings

from inbox.mirror import capabilities
from inbox.mobius.errors import MobiusError, Unreachable
from inbox.mobius.probing import probe
from inbox.mobius.types import Offer
from inbox.models import Credential, Reviewer, Upstream
from inbox.people import service_key
from inbox.people.clients import service_client
from inbox.services import connection, group_mapping, key_answers, links
from inbox.web.connection.capabilities import offered
from inbox.web.connection.messages import key_answers_text


class Verdict(StrEnum):
    """``TO_DO``: the main job works without it, for some. ``NOTE``: how it works here."""

    OK = "ok"
    NOTE = ""
    TO_DO = "to do"
    FAILS = "fails"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    verdict: Verdict
    text: str


def examine() -> list[Finding]:
    """Look at everything; the main job works where nothing fails."""
    upstream = Upstream.present()
    found = async_to_sync(_mobius)(upstream)
    return [*found, *_people(upstream)]


async def _mobius(upstream: Upstream) -> list[Finding]:
    """Ask what it offers. Nothing is stored: that is the running product's."""
    base, project = settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT
    try:
        known = await probe(service_client(), capabilities.of(upstream))
    except MobiusError as error:
        if settings.EMBEDDED and isinstance(error, Unreachable):
            said = "The embedded engine isn't running. Start it with make run."
            return [Finding(Verdict.FAILS, said)]
        problem = connection.problem_of(error)
        said = str(problem or f"Mobius doesn't list its questions: {error.message}")
        return [Finding(Verdict.FAILS, said)]
    upstream.capabilities = known.model_dump(mode="json")
    if known.pending is Offer.YES:
        said = f"Mobius at {base} lists the questions of the project {project}."
        first = Finding(Verdict.OK, said)
    elif known.pending_of_run is Offer.YES:
        said = "Mobius lists questions only run by run, so questions of new runs can't be found."
        first = Finding(Verdict.TO_DO, said)
    else:
        first = Finding(Verdict.FAILS, "Mobius doesn't list its questions.")
    return [first, *(Finding(Verdict.NOTE, one.words) for one in offered(known))]


def _people(upstream: Upstream) -> list[Finding]:
    found = [
        Finding(
            Verdict.NOTE,
            f"Answers with the service key: {key_answers_text(key_answers.mode(upstream))}",
        )
    ]
    asked = Reviewer.objects.filter(user__is_active=True).exclude(mobius_id=None)
    people = list(asked.exclude(mobius_id="").select_related("user").order_by("user__username"))
    kept = Credential.objects.filter(reviewer__in=people, upstream=upstream)
    refused = dict(kept.values_list("reviewer_id", "refused_at"))
    tokens = sum(at is None for at in refused.values())
    cannot = [
        one.user.get_username()
        for one in people
        if refused.get(one.pk) is not None
        or (one.pk not in refused and not service_key.may_answer_for(one, upstream))
    ]
    if not people:
        said = "No one has a Mobius ID, so no one can see questions. Run add_person."
        found.append(Finding(Verdict.FAILS, said))
    else:
        said = f"People with a Mobius ID: {len(people)}. With a token: {tokens}."
        found.append(Finding(Verdict.OK, said))
    if cannot:
        nobody = len(cannot) == len(people)
        who = "No one can answer" if nobody else f"Can't answer yet: {', '.join(cannot)}"
        how = "paste a member token on the Account page"
        if service_key.answers(upstream):
            how += ", or have an administrator set the Mobius ID so that the service key answers"
        found.append(Finding(Verdict.FAILS if nobody else Verdict.TO_DO, f"{who}: {how}."))
    if links.needs_setup():
        said = "There is no administrator. Run setup_link to get a link for creating one."
        found.append(Finding(Verdict.TO_DO, said))
    found += [
        Finding(
            Verdict.TO_DO,
            f"Mobius doesn't say who is in the group {mapping.group_id}, and "
            f"{mapping.questions} of its questions are open. "
            f"Run map_group {mapping.group_id} PERSON…",
        )
        for mapping in group_mapping.mappings(upstream)
        if not mapping.people
    ]
    return found
