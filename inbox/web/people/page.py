from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.utils.translation import gettext as _

from inbox.access import REVIEWER, TEAM_LEAD
from inbox.models import OneTimeLink, Reviewer, Upstream
from inbox.people import directory
from inbox.people.ability import ABLE, UNABLE, Ability, with_ability
from inbox.web.people.queries import ROLES, PeopleFilters, counts
from inbox.web.ui.lists import PAGE, Choice


@dataclass(frozen=True)
class PersonRow:
    """``lacks``: something that answering needs. ``link_unused``: a sign-in link was made and not
    used yet.
    """

    reviewer: Reviewer
    role: str
    able: bool
    lacks: bool
    ability: str
    link_unused: bool


def people_page(upstream: Upstream, filters: PeopleFilters) -> dict[str, Any]:
    people = with_ability(Reviewer.objects.all(), upstream)
    count = counts(people)
    found = filters.rows(people).select_related("user").prefetch_related("user__groups")
    roles = [(role, str(words)) for role, words in ROLES.items()]
    pages = Paginator(found.order_by("name", "pk"), PAGE)
    page = pages.get_page(filters.cleaned_data["page"] or 1)
    return {
        "filters": filters,
        "count": count,
        "choices": _choices(filters, count),
        "role_field": filters.select("role", _("Any role"), roles),
        "page": page,
        "rows": _rows(list(page.object_list)),
        "previous_href": filters.href(page=page.number - 1) if page.has_previous() else "",
        "next_href": filters.href(page=page.number + 1) if page.has_next() else "",
        **unknown_people(upstream),
    }


def unknown_people(upstream: Upstream) -> dict[str, Any]:
    """Mobius IDs that no account has, where nothing else is known of people, and the accounts to
    which they can be given.
    """
    if not upstream.has_machines:
        return {"unknown": []}
    without_id = Reviewer.objects.filter(user__is_active=True, mobius_id=None)
    return {
        "unknown": directory.asked_without_account(upstream),
        "without_id": without_id.order_by("name", "pk"),
    }


def _choices(filters: PeopleFilters, count: dict[str, int]) -> list[Choice]:
    labels = {
        "unable": _("Can't answer"),
        "never": _("Never signed in"),
        "no_email": _("No email address"),
        "deactivated": _("Deactivated"),
    }
    chosen = filters.cleaned_data["show"]
    return [
        Choice(
            label,
            filters.href(show="" if chosen == show else show),
            on=chosen == show,
            count=str(count[show]),
        )
        for show, label in labels.items()
    ]


def _rows(people: Sequence[Reviewer]) -> list[PersonRow]:
    links = OneTimeLink.objects.filter(user__reviewer__in=people)
    waiting = set(links.values_list("user_id", flat=True))
    words = {
        Ability.TOKEN: _("Can answer"),
        Ability.KEY: _("Can answer, with the service key"),
        Ability.REFUSED: _("Member token refused"),
        Ability.NO_TOKEN: _("No member token"),
        Ability.NO_MOBIUS_ID: _("No Mobius ID"),
        Ability.MANAGES: _("Isn't asked"),
        Ability.DEACTIVATED: _("Deactivated"),
    }
    return [
        PersonRow(
            person,
            role=_role(person),
            able=(ability := Ability(person.ability)) in ABLE,  # type: ignore[attr-defined]
            lacks=ability in UNABLE,
            ability=words[ability],
            link_unused=person.user_id in waiting,
        )
        for person in people
    ]


def _role(person: Reviewer) -> str:
    groups = {group.name for group in person.user.groups.all()}
    administrator = person.user.is_superuser
    if TEAM_LEAD in groups:
        return _("Team lead, administrator") if administrator else _("Team lead")
    if REVIEWER in groups:
        return _("Reviewer, administrator") if administrator else _("Reviewer")
    return _("Administrator") if administrator else _("No role")
