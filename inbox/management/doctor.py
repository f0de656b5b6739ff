"""Checks the installation: what it runs on, Mobius, the people and the groups."""

from asgiref.sync import async_to_sync
from django.conf import settings

from inbox.management import machine, provider_check, proxy_check
from inbox.management.findings import Finding, Verdict
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


def examine() -> list[Finding]:
    upstream = Upstream.current()
    return [
        *machine.examine(),
        *async_to_sync(_mobius)(upstream),
        *_people(upstream),
        *_groups(upstream),
        *provider_check.examine(),
        *proxy_check.examine(),
    ]


async def _mobius(upstream: Upstream) -> list[Finding]:
    """Probe Mobius. Nothing is stored: the running product does that."""
    base, project = settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT
    try:
        offers = await probe(service_client(), capabilities.load(upstream))
    except MobiusError as error:
        if settings.EMBEDDED and isinstance(error, Unreachable):
            text = "The embedded engine isn't running. Start it with make run."
            return [Finding(Verdict.FAILS, text)]
        problem = connection.problem_of(error)
        text = str(problem or f"Mobius doesn't list its questions: {error.message}")
        return [Finding(Verdict.FAILS, text)]
    upstream.capabilities = offers.model_dump(mode="json")
    if offers.pending is Offer.YES:
        text = f"Mobius at {base} lists the questions of the project {project}."
        first = Finding(Verdict.OK, text)
    elif offers.pending_of_run is Offer.YES:
        text = "Mobius lists questions only run by run, so questions of new runs can't be found."
        first = Finding(Verdict.TO_DO, text)
    else:
        first = Finding(Verdict.FAILS, "Mobius doesn't list its questions.")
    findings = [first]
    if (offset := service_client().clock_offset) is not None:
        findings.append(machine.clock("Mobius", offset))
    findings += [Finding(Verdict.NOTE, capability.words) for capability in offered(offers)]
    return findings


def _people(upstream: Upstream) -> list[Finding]:
    findings = [
        Finding(
            Verdict.NOTE,
            f"Answers with the service key: {key_answers_text(key_answers.mode(upstream))}",
        )
    ]
    reviewers = Reviewer.objects.filter(user__is_active=True).exclude(mobius_id=None)
    people = list(reviewers.exclude(mobius_id="").select_related("user").order_by("user__username"))
    credentials = Credential.objects.filter(reviewer__in=people, upstream=upstream)
    refused = dict(credentials.values_list("reviewer_id", "refused_at"))
    tokens = sum(at is None for at in refused.values())
    cannot = [
        reviewer.user.get_username()
        for reviewer in people
        if refused.get(reviewer.pk) is not None
        or (reviewer.pk not in refused and not service_key.may_answer_for(reviewer, upstream))
    ]
    if not people:
        text = "No one has a Mobius ID, so no one can see questions. Run add_person."
        findings.append(Finding(Verdict.FAILS, text))
    else:
        text = f"People with a Mobius ID: {len(people)}. With a token: {tokens}."
        findings.append(Finding(Verdict.OK, text))
    if cannot:
        no_one = len(cannot) == len(people)
        subject = "No one can answer" if no_one else f"Can't answer yet: {', '.join(cannot)}"
        advice = "Each person has to paste a member token on the Account page"
        if service_key.answers(upstream):
            advice += (
                ", or have an administrator set their Mobius ID so that the service key answers"
            )
        findings.append(
            Finding(Verdict.FAILS if no_one else Verdict.TO_DO, f"{subject}. {advice}.")
        )
    if links.needs_setup():
        text = "There is no administrator. Run setup_link to get a link for creating one."
        findings.append(Finding(Verdict.TO_DO, text))
    return findings


def _groups(upstream: Upstream) -> list[Finding]:
    return [
        Finding(
            Verdict.TO_DO,
            f"Mobius doesn't say who is in the group {mapping.group_id}, and "
            f"{mapping.questions} of its questions are open. "
            f"Run map_group {mapping.group_id} PERSON…",
        )
        for mapping in group_mapping.mappings(upstream)
        if not mapping.people
    ]
