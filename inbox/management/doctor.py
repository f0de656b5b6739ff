from contextlib import suppress
from datetime import datetime, timedelta

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from inbox.management import machine, provider_check, proxy_check
from inbox.management.findings import Finding, Verdict
from inbox.mirror import capabilities
from inbox.mobius.errors import MobiusError, OtherApi, Unreachable
from inbox.mobius.generations import Found
from inbox.mobius.probing import probe
from inbox.mobius.types import Offer
from inbox.models import Upstream
from inbox.notify import health
from inbox.notify.health import Health
from inbox.people import key_answers, links, service_key
from inbox.people.ability import ABLE, UNABLE, Ability, by_ability
from inbox.people.clients import service_client
from inbox.upstream import connection, group_mapping
from inbox.web.connection.capabilities import offered
from inbox.web.connection.messages import channel_lack, key_answers_text
from inbox.web.ui.api import api_name, found_text

WAITS_LONG = timedelta(minutes=30)
"""The same as for the alert in deploy/alerts.yml."""


def examine() -> list[Finding]:
    upstream = Upstream.current()
    return [
        *machine.examine(),
        *async_to_sync(_mobius)(upstream),
        *_people(upstream),
        *_groups(upstream),
        *_channels(upstream),
        *provider_check.examine(),
        *proxy_check.examine(),
    ]


async def _mobius(upstream: Upstream) -> list[Finding]:
    """Nothing is stored: the running product does that."""
    base, project = settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT
    client = service_client(upstream)
    findings = []
    with suppress(MobiusError):  # which the probe finds too
        found = await client.find_generation()
        findings.append(_api(upstream, found))
        if upstream.chosen_at is None and settings.MOBIUS_API == "auto":
            upstream.generation = found.generation
            client = service_client(upstream)
    try:
        offers = await probe(client, capabilities.load(upstream))
    except MobiusError as error:
        if settings.EMBEDDED and isinstance(error, Unreachable):
            text = "The embedded engine isn't running. Start it with make run."
            return [*findings, Finding(Verdict.FAILS, text)]
        if isinstance(error, OtherApi):
            return findings or [Finding(Verdict.FAILS, error.message)]
        problem = connection.problem_of(error)
        text = str(problem or f"Mobius doesn't list its questions: {error.message}")
        return [*findings, Finding(Verdict.FAILS, text)]
    upstream.capabilities = offers.model_dump(mode="json")
    if offers.pending is Offer.YES:
        of_the_project = f" of the project {project}" if project else ""
        text = f"Mobius at {base} lists the questions{of_the_project}."
        findings.append(Finding(Verdict.OK, text))
    elif offers.pending_of_run is Offer.YES:
        text = "Mobius lists questions only run by run, so questions of new runs can't be found."
        findings.append(Finding(Verdict.TO_DO, text))
    else:
        findings.append(Finding(Verdict.FAILS, "Mobius doesn't list its questions."))
    if (offset := client.clock_offset) is not None:
        findings.append(machine.clock("Mobius", offset))
    findings += [Finding(Verdict.NOTE, capability.words) for capability in offered(offers)]
    return findings


def _api(upstream: Upstream, found: Found) -> Finding:
    text = f"Mobius API: {found_text(found)}."
    if found.generation is upstream.api:
        return Finding(Verdict.OK, text)
    if settings.MOBIUS_API != "auto":
        text += f" MOBIUS_API={settings.MOBIUS_API} doesn't fit: correct it, or set it to auto."
        return Finding(Verdict.FAILS, text)
    if upstream.chosen_at is None:
        return Finding(Verdict.OK, text)
    text += f" So far, the inbox uses {api_name(upstream.api)}; it follows after a second check."
    return Finding(Verdict.TO_DO, text)


def _people(upstream: Upstream) -> list[Finding]:
    findings = [
        Finding(
            Verdict.NOTE,
            f"Answers with the service key: {key_answers_text(key_answers.mode(upstream))}",
        )
    ]
    found = by_ability(upstream)
    able = sum(len(found[ability]) for ability in ABLE)
    cannot = [row.user.get_username() for ability in UNABLE for row in found[ability]]
    without_token = len(found[Ability.REFUSED]) + len(found[Ability.NO_TOKEN])
    people = able + without_token
    if not people:
        text = "No one has a Mobius ID, so no one can see questions. Run add_person."
        findings.append(Finding(Verdict.FAILS, text))
    else:
        text = f"People with a Mobius ID: {people}. With a token: {len(found[Ability.TOKEN])}."
        findings.append(Finding(Verdict.OK, text))
    if cannot:
        no_one = not able
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


def _channels(upstream: Upstream) -> list[Finding]:
    now = timezone.now()
    return [_channel(row, now) for row in health.of_channels(upstream, now)]


def _channel(row: Health, now: datetime) -> Finding:
    if row.stopped is not None:
        text = f"{row.label} is switched off. Connection has the switch."
        return Finding(Verdict.NOTE, text)
    if not row.is_set_up:
        return Finding(Verdict.NOTE, f"{row.label} isn't set up. {channel_lack(row.channel)}")
    text = f"{row.label}: {row.sent} sent and {row.failed} failed in the last 24 hours."
    if row.oldest is None or now - row.oldest < WAITS_LONG:
        return Finding(Verdict.OK, text)
    minutes = int((now - row.oldest).total_seconds() // 60)
    text += f" The oldest that is due was written {minutes} minutes ago"
    text += f": {row.error.rstrip('.')}." if row.error else "."
    text += " Check that the inbox runs and that it can reach the server."
    return Finding(Verdict.TO_DO, text)
