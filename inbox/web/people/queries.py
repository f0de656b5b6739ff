from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy

from inbox.access import REVIEWER, TEAM_LEAD
from inbox.models import Reviewer
from inbox.people.ability import ABLE, UNABLE, Ability
from inbox.web.ui.lists import ListForm, Number, OneOf, Search

ROLES = {
    "reviewer": gettext_lazy("Reviewers"),
    "lead": gettext_lazy("Team leads"),
    "administrator": gettext_lazy("Administrators"),
    "none": gettext_lazy("No role"),
}
_OF_ROLE = {
    "reviewer": Q(user__groups__name=REVIEWER),
    "lead": Q(user__groups__name=TEAM_LEAD),
    "administrator": Q(user__is_superuser=True),
}
_ACTIVE = Q(user__is_active=True)
SHOWN = {
    "unable": Q(ability__in=UNABLE),
    "never": _ACTIVE & Q(user__last_login=None),
    "no_email": _ACTIVE & Q(user__email=""),
    "deactivated": Q(ability=Ability.DEACTIVATED),
}
"""Conditions on people with their ability, by the value of the filter ``show``."""


class PeopleFilters(ListForm):
    url_name = "people"
    not_filters = place = ("page",)

    q = Search(longest=200)
    role = OneOf(ROLES, label=gettext_lazy("Role"))
    show = OneOf(SHOWN)
    page = Number()

    def rows(self, people: QuerySet[Reviewer]) -> QuerySet[Reviewer]:
        """``people``: each with their ability."""
        cleaned = self.cleaned_data
        if cleaned["role"] == "none":
            with_role = Reviewer.objects.filter(user__groups__name__in=(REVIEWER, TEAM_LEAD))
            people = people.exclude(pk__in=with_role).filter(user__is_superuser=False)
        elif cleaned["role"]:
            people = people.filter(_OF_ROLE[cleaned["role"]])
        if cleaned["show"]:
            people = people.filter(SHOWN[cleaned["show"]])
        for word in cleaned["q"].split():
            people = people.filter(_has(word))
        return people


def _has(word: str) -> Q:
    return (
        Q(name__icontains=word)
        | Q(user__username__icontains=word)
        | Q(user__email__icontains=word)
        | Q(mobius_id__icontains=word)
    )


def counts(people: QuerySet[Reviewer]) -> dict[str, int]:
    """How many there are, in all and by ``SHOWN``; and of those who are asked, who can answer."""
    shown = {name: Count("pk", filter=condition) for name, condition in SHOWN.items()}
    able = Count("pk", filter=Q(ability__in=ABLE))
    asked = Count("pk", filter=Q(ability__in=(*ABLE, *UNABLE)))
    return people.aggregate(all=Count("pk"), able=able, asked=asked, **shown)
