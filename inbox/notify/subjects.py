"""What events are about: a question, a run, or a person with an account here."""

from collections.abc import Iterable

from inbox.models import Interaction, NotificationEvent, Reviewer, Run, Upstream

Subject = Interaction | Run | Reviewer


def subjects_of(upstream: Upstream, events: Iterable[NotificationEvent]) -> dict[int, Subject]:
    """Those that there are, by the ``pk`` of the event."""
    events = list(events)
    ids = {event.subject for event in events}
    runs = [event.subject for event in events if event.kind in NotificationEvent.ABOUT_RUNS]
    people = [event.subject for event in events if event.kind in NotificationEvent.ABOUT_PEOPLE]
    questions: dict[str, Subject] = dict(
        Interaction.objects.by_mobius_id(upstream, ids.difference(runs, people))
    )
    by_kind: dict[str, dict[str, Subject]] = {}
    if runs:
        found = Run.objects.filter(upstream=upstream, mobius_id__in=runs)
        named: dict[str, Subject] = {run.mobius_id: run for run in found}
        by_kind |= dict.fromkeys(NotificationEvent.ABOUT_RUNS, named)
    if people:
        accounts = Reviewer.objects.filter(mobius_id__in=people).select_related("user")
        named = {str(reviewer.mobius_id): reviewer for reviewer in accounts}
        by_kind |= dict.fromkeys(NotificationEvent.ABOUT_PEOPLE, named)
    subjects = {event.pk: by_kind.get(event.kind, questions).get(event.subject) for event in events}
    return {pk: subject for pk, subject in subjects.items() if subject is not None}


def workflow_of(subject: Subject) -> str:
    """Empty if it has none."""
    return "" if isinstance(subject, Reviewer) else subject.workflow
