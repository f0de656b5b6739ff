from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import access
from inbox.access import Viewer
from inbox.mobius.types import PolicyKind
from inbox.models import Decision, Group, Interaction, Recipient, Upstream
from inbox.people.directory import AccountStatus, account_statuses, ids_called, known_people
from inbox.people.names import names_of
from inbox.upstream.groups import Verb
from inbox.web.groups.group_list import members_of
from inbox.web.groups.queries import answer_times, open_of
from inbox.web.ui.answers import progress
from inbox.web.ui.labels import ROUTING, listed, routing_words
from inbox.web.ui.messages import Message, sentences
from inbox.web.ui.people import People
from inbox.web.ui.scopes import Filters
from inbox.web.ui.when import Deadline, deadline


@dataclass(frozen=True)
class Confirmation:
    """``about`` is the member it removes."""

    title: str
    text: str
    yes: str
    action: str
    fields: tuple[tuple[str, str], ...]
    about: str = ""


def confirm(
    upstream: Upstream,
    group: Group,
    *,
    members: list[str],
    people: People,
    query: Mapping[str, str],
    typed: str,
) -> tuple[Confirmation | None, str]:
    """The confirmation of a change, or a message about what was typed."""
    key = group.handle or group.mobius_id
    if "remove" in query and query["remove"] in members:
        return _removal(upstream, group, key, query["remove"], people), ""
    if "add" in query:
        return _addition(upstream, group, key, members, typed)
    wanted = query.get("routing", "")
    if wanted in ROUTING and wanted != group.routing:
        return _rerouting(upstream, group, key, PolicyKind(wanted)), ""
    return None, ""


def _removal(
    upstream: Upstream, group: Group, key: str, user_id: str, people: People
) -> Confirmation:
    rows = Recipient.objects.filter(upstream=upstream, user_id=user_id)
    keeps = rows.open_by_index().filter(interaction__group_id=group.mobius_id).count()
    names = {"name": people.full(user_id), "group": group.name}
    if people.is_viewer(user_id):
        title, yes = _("Remove yourself from %(group)s?") % names, _("Yes, remove yourself")
        kept = ngettext(
            "%(count)d open question is still waiting for you.",
            "%(count)d open questions are still waiting for you.",
            keeps,
        )
    else:
        title = _("Remove %(name)s from %(group)s?") % names
        yes = _("Yes, remove %(name)s") % names
        kept = ngettext(
            "%(count)d open question is still waiting for %(name)s.",
            "%(count)d open questions are still waiting for %(name)s.",
            keeps,
        )
    return Confirmation(
        title=title,
        text=sentences(_new_only(), kept % {**names, "count": keeps} if keeps else ""),
        yes=yes,
        action=reverse("group-remove", args=[key]),
        fields=(("user_id", user_id),),
        about=user_id,
    )


def _new_only() -> str:
    return _("Changes apply to new questions only.")


def _addition(
    upstream: Upstream, group: Group, key: str, members: list[str], typed: str
) -> tuple[Confirmation | None, str]:
    if not typed:
        return None, _("Enter a name or a Mobius ID.")
    found = ids_called(typed) or [typed]
    if len(found) > 1:
        several = _("Several people here are called %(name)s: %(ids)s. Enter the Mobius ID.")
        return None, several % {"name": typed, "ids": listed(found)}
    (user_id,) = found
    names = {"name": names_of(upstream, [user_id]).of(user_id), "id": user_id, "group": group.name}
    if user_id in members:
        return None, _("%(name)s is already in %(group)s.") % names
    status = account_statuses(upstream, [user_id])[user_id]
    title = _("Add %(name)s (%(id)s) to %(group)s?")
    if names["name"] == user_id:
        title = _("Add %(name)s to %(group)s?")
    note = ""
    if not status.account:
        note = _("%(name)s has no account here, so they can't answer here.") % names
    elif not status.active:
        note = _("%(name)s's account is deactivated, so they can't answer here.") % names
    earlier = _("New members can't answer questions that were asked before they joined.")
    confirm = Confirmation(
        title=title % names,
        text=sentences(_new_only(), earlier, note),
        yes=_("Yes, add %(name)s") % names,
        action=reverse("group-add", args=[key]),
        fields=(("user_id", user_id), ("typed", typed)),
    )
    return confirm, ""


def _rerouting(upstream: Upstream, group: Group, key: str, kind: PolicyKind) -> Confirmation:
    rows = Interaction.objects.filter(upstream=upstream, group_id=group.mobius_id)
    waiting = rows.pending_by_index().count()
    if kind == PolicyKind.ANY:
        title = _("Change routing to “First to answer”?")
        meaning = _("One member answers for the group.")
    else:
        title = _("Change routing to “All members”?")
        meaning = _("The run resumes when everyone has answered.")
    kept = ngettext(
        "%(count)d open question keeps the old routing.",
        "%(count)d open questions keep the old routing.",
        waiting,
    )
    return Confirmation(
        title=title,
        text=sentences(meaning, _new_only(), kept % {"count": waiting} if waiting else ""),
        yes=_("Yes, change it"),
        action=reverse("group-routing", args=[key]),
        fields=(("routing", kind.value),),
        about="routing",
    )


WAITING = 8
CHANGES = 10


def group_context(
    viewer: Viewer,
    upstream: Upstream,
    group: Group,
    now: datetime,
    *,
    query: Mapping[str, str],
    typed: str = "",
    message: Message | None = None,
) -> dict[str, Any]:
    """``query`` names a change to confirm. ``message`` is about a change that was not made, and
    ``typed`` the text of its field. ``settled``: no change is asked for, so the page may reload
    itself.
    """
    ids = members_of([group]).get(group.pk, [])
    manages = access.has_permission(viewer, access.MANAGE_GROUPS)
    rows = open_of(viewer, upstream).filter(group_id=group.mobius_id)
    # Open questions have no completed_at; naming it first matches the order of the index.
    oldest = rows.defer("raw", "context", "details").order_by("completed_at", "created_at")
    items = list(oldest[:WAITING])
    log = _log(upstream, group) if manages else []
    names, wanted = names_of(upstream, _ids(ids, items, log)), query.get("routing")
    people = People(names, viewer.mobius_id)
    statuses = account_statuses(upstream, ids) if viewer.lead else {}
    confirmation, problem = None, str(message) if message and typed else ""
    if manages and message is None:
        typed = " ".join(query.get("add", typed).split())[:200]
        confirmation, problem = confirm(
            upstream, group, members=ids, people=people, query=query, typed=typed
        )
    waiting_count = rows.count()
    unchanged = manages and message is None and wanted == group.routing
    return {
        "group": group,
        "routing": routing_words(group.routing),
        "members": _members(group, ids, people, statuses),
        "waiting": [_open_question(item, people, now) for item in items],
        "waiting_count": waiting_count,
        "more": waiting_count - len(items),
        "inbox_href": Filters.link(target=group.mobius_id) if viewer.mobius_id in ids else "",
        "answer_times": answer_times(upstream, group.mobius_id, now),
        "changes": [_change(entry, people) for entry in log],
        "manages": manages,
        "routings": [(kind.value, name, meaning) for kind, (name, meaning) in ROUTING.items()],
        "chosen_routing": wanted if wanted in ROUTING else group.routing,
        "unchanged": unchanged,
        "suggestions": [pair for pair in known_people() if pair[0] not in ids] if manages else [],
        "confirm": confirmation,
        "typed": typed,
        "problem": problem,
        "settled": confirmation is None and not problem and not unchanged,
    }


def _ids(
    members: Iterable[str], items: Iterable[Interaction], log: Iterable[Decision]
) -> set[str | None]:
    ids: set[str | None] = {*members}
    for item in items:
        ids |= {item.claimed_by, *(item.members or ())}
    for entry in log:
        ids |= {entry.actor, (entry.value or {}).get("user")}
    return ids


def _members(
    group: Group, ids: Iterable[str], people: People, statuses: Mapping[str, AccountStatus]
) -> list[dict[str, Any]]:
    return [
        {
            "face": people.face(id_),
            "is_viewer": people.is_viewer(id_),
            "note": _note(statuses.get(id_)),
            "remove_href": f"{group.get_absolute_url()}?{urlencode({'remove': id_})}#asked",
        }
        for id_ in sorted(ids, key=lambda id_: people.full(id_).lower())
    ]


def _note(status: AccountStatus | None) -> str:
    """Why the person cannot answer here; empty if they can."""
    if status is None or (status.active and status.token):
        return ""
    if not status.account:
        return _("No account here, so they can't answer")
    if not status.active:
        return _("Account deactivated, so they can't answer")
    return _("No member token yet, so they can't answer for the group")


def _open_question(
    item: Interaction, people: People, now: datetime
) -> tuple[Interaction, str, Deadline | None]:
    counts = progress(item)
    if counts is not None:
        facts = {
            "count": counts[0],
            "total": counts[1],
            "names": listed(people.objects(item.missing)),
        }
        state = _("%(count)d of %(total)d answered, waiting for %(names)s") % facts
    elif item.claimed_by:
        claimed = _("Claimed by you"), _("Claimed by %(name)s")
        state = people.sentence(item.claimed_by, *claimed)
    else:
        state = _("Not claimed yet")
    return item, state, deadline(item, now)


def _log(upstream: Upstream, group: Group) -> list[Decision]:
    rows = Decision.objects.filter(
        group_id=group.mobius_id,
        verb__in=[verb.value for verb in Verb],
        base_url=upstream.base_url,
        project=upstream.project,
    )
    return list(rows.order_by("-at", "-number")[:CHANGES])


def _change(entry: Decision, people: People) -> dict[str, Any]:
    value = entry.value or {}
    facts = {"user": people.full(value.get("user")), "routing": routing_words(str(value.get("to")))}
    match entry.verb:
        case Verb.ADDED:
            icon, (you, other) = "plus", _added(value.get("user"), entry.actor, people)
        case Verb.REMOVED:
            icon, (you, other) = "minus", _removed(value.get("user"), entry.actor, people)
        case _:
            icon, you = "edit", _("You changed the routing to “%(routing)s”")
            other = _("%(name)s changed the routing to “%(routing)s”")
    text = people.sentence(entry.actor, you, other, **facts)
    if value.get("arrived") == "unknown":
        text = _("%(change)s; Mobius didn't confirm it") % {"change": text}
    return {"icon": icon, "text": text, "at": entry.at}


def _added(user_id: str | None, actor: str, people: People) -> tuple[str, str]:
    if user_id == actor:
        return _("You added yourself"), _("%(name)s added themselves")
    if people.is_viewer(user_id):
        return "", _("%(name)s added you")
    return _("You added %(user)s"), _("%(name)s added %(user)s")


def _removed(user_id: str | None, actor: str, people: People) -> tuple[str, str]:
    if user_id == actor:
        return _("You removed yourself"), _("%(name)s removed themselves")
    if people.is_viewer(user_id):
        return "", _("%(name)s removed you")
    return _("You removed %(user)s"), _("%(name)s removed %(user)s")
