"""Team leads are told of a review that no one here can make."""

from collections.abc import Collection

from inbox import access
from inbox.mirror.upsert import chunks
from inbox.models import Interaction, Machine, Notice, Reviewer, Upstream
from inbox.notify import notices


def tell_leads(upstream: Upstream, interaction_ids: Collection[str]) -> None:
    """Once for each question, when it is in review and none of its checkers has an account here.
    A machine checks in Mobius.

    Called in the transaction that changed them.
    """
    if not upstream.adapter.has_reviews:
        return
    for ids in chunks(interaction_ids):
        rows = Interaction.objects.filter(upstream=upstream, mobius_id__in=ids, deleted=False)
        items = list(rows.filter(status="in_review").defer("raw", "context", "message"))
        if not items:
            continue
        able = _able({user_id for item in items for user_id in item.checkers})
        unchecked = [item for item in items if able.isdisjoint(item.checkers)]
        told = Notice.objects.filter(upstream=upstream, kind=Notice.Kind.NO_CHECKER)
        known = set(told.values_list("interaction_id", flat=True))
        for item in unchecked:
            if item.mobius_id not in known:
                _tell(item)


def _able(user_ids: Collection[str]) -> set[str]:
    people = Reviewer.objects.filter(mobius_id__in=user_ids, user__is_active=True)
    machines = Machine.objects.filter(mobius_id__in=user_ids)
    return {
        str(user_id)
        for rows in (people, machines)
        for user_id in rows.values_list("mobius_id", flat=True)
    }


def _tell(item: Interaction) -> None:
    leads = Reviewer.objects.filter(user__is_active=True, user__groups__name=access.TEAM_LEAD)
    for lead in leads:
        notices.notify(
            lead,
            Notice.Kind.NO_CHECKER,
            upstream_id=item.upstream_id,
            interaction_id=item.mobius_id,
            sender_name="",
        )
