"""What is asked once before a group changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from inbox.mobius.types import PolicyKind
from inbox.models import Group, Interaction, Recipient, Upstream
from inbox.presenters.people import People
from inbox.presenters.words import ROUTING, listed
from inbox.reviewers.directory import account_statuses, ids_called
from inbox.reviewers.names import names_of


@dataclass(frozen=True)
class Confirm:
    """A change that is asked once before it is made. ``about`` is the member it removes."""

    title: str
    text: str
    yes: str
    no: str
    action: str
    fields: tuple[tuple[str, str], ...]
    about: str = ""


def confirm(
    upstream: Upstream,
    group: Group,
    *,
    members: list[str],
    people: People,
    asked: Mapping[str, str],
    typed: str,
) -> tuple[Confirm | None, str]:
    """What to ask of the change that the query names, or what is wrong with what was typed."""
    key = group.handle or group.mobius_id
    if "remove" in asked and asked["remove"] in members:
        return _removal(upstream, group, key, asked["remove"], people), ""
    if "add" in asked:
        return _addition(group, key, members, typed)
    wanted = asked.get("routing", "")
    if wanted in [kind.value for kind in ROUTING] and wanted != group.routing:
        return _rerouting(upstream, group, key, PolicyKind(wanted)), ""
    return None, ""


def _removal(upstream: Upstream, group: Group, key: str, user_id: str, people: People) -> Confirm:
    keeps = Recipient.objects.filter(
        upstream=upstream,
        user_id=user_id,
        open__in=(True,),
        interaction__group_id=group.mobius_id,
    ).count()
    self_ = people.is_reader(user_id)
    name = "yourself" if self_ else people.full(user_id)
    wait = "waits" if keeps == 1 else "wait"
    kept = f"{_questions(keeps)} still {wait} for {people.object(user_id)}."
    return Confirm(
        title=f"Remove {name} from {group.name}?",
        text=f"Changes apply to new questions only. {kept if keeps else ''}".strip(),
        yes=f"Yes, remove {name}",
        no="Cancel",
        action=reverse("group-remove", args=[key]),
        fields=(("user_id", user_id),),
        about=user_id,
    )


def _addition(group: Group, key: str, members: list[str], typed: str) -> tuple[Confirm | None, str]:
    if not typed:
        return None, "Enter a name or a Mobius ID."
    found = ids_called(typed) or [typed]
    if len(found) > 1:
        ids = listed(found)
        return None, f"Several people here are called {typed}: {ids}. Enter the Mobius ID."
    (user_id,) = found
    name = names_of([user_id])[user_id]
    if user_id in members:
        return None, f"{name} is already in {group.name}."
    status = account_statuses([user_id])[user_id]
    who = name if name == user_id else f"{name} ({user_id})"
    note = ""
    if not status.account:
        note = f" {name} has no account here, so they can't answer here."
    elif not status.active:
        note = f" {name}'s account is deactivated, so they can't answer here."
    confirm = Confirm(
        title=f"Add {who} to {group.name}?",
        text="Changes apply to new questions only. They can't answer questions that were asked "
        f"before.{note}",
        yes=f"Yes, add {name}",
        no="Cancel",
        action=reverse("group-add", args=[key]),
        fields=(("user_id", user_id), ("typed", typed)),
    )
    return confirm, ""


def _rerouting(upstream: Upstream, group: Group, key: str, kind: PolicyKind) -> Confirm:
    name, meaning = ROUTING[kind]
    waiting = Interaction.objects.filter(
        upstream=upstream, group_id=group.mobius_id, status="pending", gone__in=(False,)
    ).count()
    keep = "keeps" if waiting == 1 else "keep"
    kept = f" {_questions(waiting)} asked before {keep} the old routing."
    return Confirm(
        title=f"Change routing to {name[:1].lower()}{name[1:]}?",
        text=f"{meaning}. Changes apply to new questions only.{kept if waiting else ''}",
        yes="Yes, change it",
        no="Cancel",
        action=reverse("group-routing", args=[key]),
        fields=(("routing", kind.value),),
        about="routing",
    )


def _questions(count: int) -> str:
    return "1 open question" if count == 1 else f"{count} open questions"
