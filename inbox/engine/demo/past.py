"""Months of a past, lived through the engine's own verbs with a clock that is given.

Each story is one transaction: the runner, which knows the present alone, never sees it half told.
What would still be open now is left to the present.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from random import Random
from typing import Any

from django.db import transaction

from inbox.engine.actions import interactions, runs, timers
from inbox.engine.actions.advance import settle
from inbox.engine.actions.auth import Caller
from inbox.engine.demo.bodies import Post
from inbox.engine.demo.cast import PEOPLE
from inbox.engine.demo.days import arrivals, at_work, delay
from inbox.engine.demo.traffic import traffic
from inbox.engine.models import Interaction, Project, Run
from inbox.engine.router import ALIAS

MARK = "past-"
"""What the ``external_id`` of a run of the past begins with."""

_TEXTS = (
    "Sam, he has the keys.",
    "The label printer lost its network for a quarter of an hour; a cable was replaced.",
    "Customers saw an old price. The cache is now emptied with each import.",
    "Lee.",
)
_REMARKS = (None, None, None, "Checked with the supplier.", "Fine by me.", "As we agreed.")
_FORGOTTEN = 0.04
"""Of the questions that nobody gets round to."""


class AlreadyLived(Exception):
    """The project has a past already; a second one would double every figure."""


def live(*, handle: str, days: int, now: datetime, zone: tzinfo, seed: int = 90) -> Iterator[int]:
    """Make the past of a project, yielding how many stories have been told so far.

    ``zone`` is that of the office's hours. The same ``seed`` gives the same past. Raises
    AlreadyLived where there is one.
    """
    project = Project.objects.get(handle=handle)
    if Run.objects.filter(project=project, external_id__startswith=MARK).exists():
        raise AlreadyLived
    teller = _Teller(Random(seed), project, now, zone)  # noqa: S311 - a demo's dice
    moments = list(arrivals(teller.dice, days, now, zone))
    for number, at in enumerate(moments, 1):
        teller.tell(number, at, learning=number / len(moments))
        yield number


class _Teller:
    def __init__(self, dice: Random, project: Project, now: datetime, zone: tzinfo) -> None:
        self.dice = dice
        self._project = project
        self._now = now
        self._zone = zone
        self._at = now
        self._stories = traffic(dice, lambda: self._at)

    def tell(self, number: int, at: datetime, *, learning: float) -> None:
        """One story from its beginning to its end, or to now."""
        self._at = at
        post = next(self._stories)
        with transaction.atomic(using=ALIAS):
            item = self._ask(post, f"{MARK}{number:05}", at)
            if self.dice.random() < _FORGOTTEN and item.expires_at is not None:
                self._let_expire(item)
            else:
                self._answer(item, learning)

    def _ask(self, post: Post, name: str, at: datetime) -> Interaction:
        if post.path == "/interactions":
            told = interactions.create(caller=self._caller(None), body=post.body, at=at)
            return Interaction.objects.get(pk=told["id"])
        run = runs.start(caller=self._caller(None), body={**post.body, "external_id": name}, at=at)
        self._settle(run["id"], at)
        return Interaction.objects.get(run_id=run["id"])

    def _answer(self, item: Interaction, learning: float) -> None:
        """Everybody who must answer does, each in their own time, unless it is too late by then."""
        people = list(item.members) if item.members else [item.target_id]
        if not item.all_must_answer:
            people = [self.dice.choice(people)]
        at = item.created_at
        plan = []
        for who in people:
            wait = delay(self.dice, who, learning=learning)
            plan.append((at_work(self.dice, at + wait, self._zone), wait, who))
        for when, wait, who in sorted(plan):
            if item.expires_at is not None and when >= item.expires_at:
                self._let_expire(item)
                return
            if when >= self._now:
                return
            self._claim(item, who, when, wait)
            body = {"value": self._value(item), "comment": self.dice.choice(_REMARKS)}
            interactions.respond(
                caller=self._caller(who), interaction_id=item.id, body=body, at=when
            )
        if item.run_id is not None:
            self._settle(item.run_id, max(when for when, _, _ in plan))

    def _claim(self, item: Interaction, who: str, when: datetime, wait: timedelta) -> None:
        """Most of what is asked of whoever is first is taken some time before it is answered."""
        if item.target_type != "group" or item.all_must_answer or self.dice.random() > 0.7:
            return
        at = max(item.created_at, when - wait * self.dice.uniform(0.1, 0.6))
        interactions.claim(caller=self._caller(who), interaction_id=item.id, at=at)

    def _let_expire(self, item: Interaction) -> None:
        if item.expires_at is not None and item.expires_at < self._now:
            timers.expire(
                project_id=self._project.pk, interaction_ids=[item.id], at=item.expires_at
            )

    def _settle(self, run_id: str, at: datetime) -> None:
        settle(project_id=self._project.pk, run_id=run_id, at=at)

    def _value(self, item: Interaction) -> Any:
        spec = item.spec or {}
        match spec.get("mode"):
            case "select":
                values = [option["value"] for option in spec["options"]]
                return self.dice.choices(values, weights=range(len(values), 0, -1))[0]
            case "multi_select":
                values = [option["value"] for option in spec["options"]]
                return [value for value in values if self.dice.random() < 0.6] or values[:1]
            case "input":
                return self.dice.choice(_TEXTS)
            case _:
                # Ten people at one table agree more often than one alone.
                return self.dice.random() < (0.93 if item.all_must_answer else 0.84)

    def _caller(self, who: str | None) -> Caller:
        if who is None:
            return Caller(self._project.pk, self._project.handle, "service", None, "service key")
        return Caller(self._project.pk, self._project.handle, "member", who, PEOPLE[who])
