"""Months of history, created with the engine's own actions at past times, one transaction a story,
so that the runner never sees an unfinished one.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from math import exp
from random import Random
from typing import Any

from django.db import transaction

from inbox.engine.actions import advance, interactions, runs
from inbox.engine.actions.auth import Caller
from inbox.engine.models import Interaction, Project, Run
from inbox.engine.router import ALIAS
from inbox.engine.stories.loader import PEOPLE, Post, traffic

RUN_PREFIX = "past-"
"""Prefix of the ``external_id`` of past runs."""

_WEEKDAY, _WEEKEND = 30, 4
"""Questions asked on a day."""

_HOURS = {7: 1, 8: 4, 9: 8, 10: 9, 11: 8, 12: 4, 13: 6, 14: 8, 15: 7, 16: 5, 17: 3, 20: 1, 23: 1}
"""The relative number of questions by hour of the day."""

_OPENS, _CLOSES = time(8), time(18)
_SPEED = {"user_rina": 0.7, "user_sam": 1.5, "user_lee": 1.0, "user_tess": 1.2}
_TYPICAL = 22.0
"""Minutes from the question to the answer, within working hours."""

_COMMENTS = (None, None, None, "Checked with the supplier.", "Fine by me.", "As we agreed.")
_UNANSWERED_SHARE = 0.04
"""The share of questions that no one answers."""


class PastExists(Exception):
    """The project already has a history; a second one would double every figure."""


def create(*, handle: str, days: int, now: datetime, zone: tzinfo, seed: int = 90) -> Iterator[int]:
    """Yield the number of stories done so far. ``zone`` is the time zone of the office hours."""
    project = Project.objects.get(handle=handle)
    if Run.objects.filter(project=project, external_id__startswith=RUN_PREFIX).exists():
        raise PastExists
    past = _Past(Random(seed), project, now, zone)  # nosec B311 # noqa: S311 - a demo's random numbers
    times = list(_arrivals(past.rng, days, now, zone))
    for number, at in enumerate(times, 1):
        past.add(number, at, experience=number / len(times))
        yield number


class _Past:
    def __init__(self, rng: Random, project: Project, now: datetime, zone: tzinfo) -> None:
        self.rng = rng
        self._project = project
        self._now = now
        self._zone = zone
        self._at = now
        self._posts = traffic(rng, lambda: self._at)

    def add(self, number: int, at: datetime, *, experience: float) -> None:
        self._at = at
        post = next(self._posts)
        with transaction.atomic(using=ALIAS):
            interaction = self._ask(post, f"{RUN_PREFIX}{number:05}", at)
            if self.rng.random() < _UNANSWERED_SHARE and interaction.expires_at is not None:
                self._let_expire(interaction)
            else:
                self._answer(interaction, post, experience)

    def _ask(self, post: Post, external_id: str, at: datetime) -> Interaction:
        service = self._caller(None)
        if post.path == "/interactions":
            created = interactions.create(caller=service, body=post.body, at=at)
            return Interaction.objects.get(pk=created["id"])
        run = runs.start(caller=service, body={**post.body, "external_id": external_id}, at=at)
        self._settle(run["id"], at)
        return Interaction.objects.get(run_id=run["id"])

    def _answer(self, interaction: Interaction, post: Post, experience: float) -> None:
        people = list(interaction.members) if interaction.members else [interaction.target_id]
        if not interaction.all_must_answer:
            people = [self.rng.choice(people)]
        plan = []
        for user_id in people:
            delay = _delay(self.rng, user_id, experience=experience)
            at = _at_work(self.rng, interaction.created_at + delay, self._zone)
            plan.append((at, delay, user_id))
        for at, delay, user_id in sorted(plan):
            if interaction.expires_at is not None and at >= interaction.expires_at:
                self._let_expire(interaction)
                return
            if at >= self._now:
                return
            self._claim(interaction, user_id, at, delay)
            body = {"value": self._value(interaction, post), "comment": self.rng.choice(_COMMENTS)}
            interactions.respond(
                caller=self._caller(user_id), interaction_id=interaction.id, body=body, at=at
            )
        if interaction.run_id is not None:
            self._settle(interaction.run_id, max(at for at, _, _ in plan))

    def _claim(
        self, interaction: Interaction, user_id: str, at: datetime, delay: timedelta
    ) -> None:
        """Most first-responder questions are claimed some time before they are answered."""
        if (
            interaction.target_type != "group"
            or interaction.all_must_answer
            or self.rng.random() > 0.7
        ):
            return
        claimed_at = max(interaction.created_at, at - delay * self.rng.uniform(0.1, 0.6))
        interactions.claim(
            caller=self._caller(user_id), interaction_id=interaction.id, at=claimed_at
        )

    def _let_expire(self, interaction: Interaction) -> None:
        if interaction.expires_at is not None and interaction.expires_at < self._now:
            advance.expire(
                project_id=self._project.pk,
                interaction_ids=[interaction.id],
                at=interaction.expires_at,
            )

    def _settle(self, run_id: str, at: datetime) -> None:
        advance.settle(project_id=self._project.pk, run_id=run_id, at=at)

    def _value(self, interaction: Interaction, post: Post) -> Any:
        if post.answers:
            return self.rng.choice(post.answers)
        spec = interaction.spec or {}
        match spec.get("mode"):
            case "select":
                values = [option["value"] for option in spec["options"]]
                return self.rng.choices(values, weights=range(len(values), 0, -1))[0]
            case "multi_select":
                values = [option["value"] for option in spec["options"]]
                return [value for value in values if self.rng.random() < 0.6] or values[:1]
            case _:
                # A board approves more often than one person does.
                return self.rng.random() < (0.93 if interaction.all_must_answer else 0.84)

    def _caller(self, user_id: str | None) -> Caller:
        name = "service key" if user_id is None else PEOPLE[user_id]
        return Caller(self._project.pk, user_id, name)


def _arrivals(rng: Random, days: int, now: datetime, zone: tzinfo) -> Iterator[datetime]:
    today = now.astimezone(zone).date()
    for days_ago in range(days, -1, -1):
        day = today - timedelta(days=days_ago)
        usual = _WEEKEND if day.weekday() >= 5 else _WEEKDAY
        # Later days have more questions, and no two days are the same.
        growth = 1 + 0.35 * (days - days_ago) / max(1, days)
        count = max(0, round(rng.gauss(usual * growth, usual * 0.22)))
        times = sorted(_time_of_day(rng, day, zone) for _ in range(count))
        yield from (at for at in times if at < now)


def _time_of_day(rng: Random, day: date, zone: tzinfo) -> datetime:
    [hour] = rng.choices(list(_HOURS), weights=list(_HOURS.values()))
    at = time(hour, rng.randrange(60), rng.randrange(60), rng.randrange(10**6))
    return datetime.combine(day, at, tzinfo=zone)


def _delay(rng: Random, user_id: str, *, experience: float) -> timedelta:
    """``experience``, from 0 to 1, shortens it."""
    factor = _SPEED.get(user_id, 1.0) * exp(rng.gauss(0, 1.1)) * (1 - 0.45 * experience)
    return timedelta(minutes=min(max(_TYPICAL * factor, 0.3), 60 * 40))


def _at_work(rng: Random, at: datetime, zone: tzinfo) -> datetime:
    """Some people also look in the evening, but not on a Sunday."""
    local = at.astimezone(zone)
    if rng.random() < 0.12 and local.weekday() < 6:
        return at
    while local.weekday() >= 5 or local.time() >= _CLOSES:
        local = datetime.combine(local.date() + timedelta(days=1), _OPENS, tzinfo=zone)
    if local.time() < _OPENS:
        local = datetime.combine(local.date(), _OPENS, tzinfo=zone)
    if local == at:
        return at
    # Some time in the morning, and not before the delay has passed.
    return max(at, local + timedelta(minutes=abs(rng.gauss(0, 50))))
