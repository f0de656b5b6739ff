import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from math import ceil
from random import Random
from typing import Any

import pytest
from django.test import Client

from inbox.mirror import project
from inbox.mirror.rebuild import rebuild
from inbox.mobius.types import Interaction, InteractionStatus, PolicyKind
from inbox.models import Interaction as InteractionRow
from inbox.models import Upstream
from inbox.web.insights.chart import long_day
from inbox.web.insights.queries import InsightsFilters, waiting
from tests.support import snapshots
from tests.support.snapshots import LEE, RINA, SAM, reply
from tests.support.tags import one_line
from tests.web.cast import sign_in, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]


def today() -> date:
    return datetime.now(UTC).date()


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def past(count: int = 120) -> list[Interaction]:
    dice = Random(7)
    return [one(dice, number) for number in range(count)]


def one(dice: Random, number: int) -> Interaction:
    created = noon(today() - timedelta(days=dice.randint(1, 28)))
    kind = dice.choice(("approval", "approval", "review"))
    make = dice.choice((snapshots.ask, snapshots.ask, snapshots.group_ask))
    asked = make(
        f"int_{number}",
        created_at=created,
        updated_at=created,
        type=kind,
        run_id=f"run_{number % 3}",
    )
    people = list(asked.members or (asked.target.id,))
    if dice.random() < 0.2:
        over = created + timedelta(minutes=dice.randint(5, 600))
        return asked.model_copy(update={"status": InteractionStatus.EXPIRED, "updated_at": over})
    answers = []
    at = created
    for person in people:
        at += timedelta(minutes=dice.randint(1, 300))
        value: Any = dice.random() < 0.8 if kind == "approval" else "fine"
        answers.append(reply(person, value, at=at))
    values = [answer.answers[0].content for answer in answers]
    return asked.model_copy(
        update={
            "status": InteractionStatus.COMPLETED,
            "responses": tuple(answers),
            "value": values if asked.members else values[0],
            "completed_at": at,
            "updated_at": at,
        }
    )


def runs() -> list[Any]:
    return [snapshots.run(f"run_{n}", workflow=f"workflow-{n}") for n in range(3)]


@pytest.fixture
def lived(people: None) -> list[Interaction]:
    made = past()
    tell(*runs(), *made)
    return made


def figures(who: Client, key: str, **query: str) -> list[dict[str, str]]:
    answer = who.get(f"/insights/{key}.csv", query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def drawn(page: str, key: str) -> Any:
    found = re.search(rf'<script id="data-{key}" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def quantile(times: list[float], share: float) -> float:
    return sorted(times)[max(0, ceil(share * len(times)) - 1)]


def completed(items: list[Interaction]) -> list[Interaction]:
    return [item for item in items if item.completed_at is not None]


def seconds(item: Interaction) -> float:
    assert item.completed_at is not None
    return (item.completed_at - item.created_at).total_seconds()


def test_arrivals_and_answers_a_day_are_those_of_a_plain_count(
    lived: list[Interaction], tess: Client
) -> None:
    asked = Counter(item.created_at.date().isoformat() for item in lived)
    answered = Counter(
        item.completed_at.date().isoformat() for item in lived if item.completed_at is not None
    )
    expired = Counter(
        item.updated_at.date().isoformat()
        for item in lived
        if item.status is InteractionStatus.EXPIRED
    )
    rows = figures(tess, "flow", span="30")
    assert len(rows) == 30
    for row in rows:
        day = row["day"]
        counted = (asked[day], answered[day], expired[day])
        assert tuple(int(row[name]) for name in ("asked", "answered", "expired")) == counted


def test_times_to_answer_are_within_five_per_cent_of_a_plain_count(
    lived: list[Interaction], tess: Client
) -> None:
    times: dict[str, list[float]] = {}
    for item in completed(lived):
        assert item.completed_at is not None
        times.setdefault(item.completed_at.date().isoformat(), []).append(seconds(item))
    for row in figures(tess, "time-to-answer", span="30"):
        mine = times.get(row["day"], [])
        assert int(row["answers"]) == len(mine)
        for name, share in (("median_seconds", 0.5), ("p90_seconds", 0.9)):
            exact = pytest.approx(quantile(mine, share), rel=0.05) if mine else None
            assert (float(row[name]) if row[name] else None) == exact


def test_each_chart_of_times_says_what_p90_means(lived: list[Interaction], tess: Client) -> None:
    page = one_line(tess.get("/insights/", {"span": "30"}).content)
    for key, count in (("time-to-answer", 1), ("time-to-claim", 1), ("flow", 0)):
        chart = re.search(rf'<section id="chart-{key}".*?</section>', page)
        assert chart is not None
        assert chart[0].count("p90: nine out of ten took no longer.") == count


def test_outcomes_are_those_of_a_plain_count(lived: list[Interaction], tess: Client) -> None:
    outcomes: Counter[str] = Counter()
    for item in lived:
        if item.status is InteractionStatus.EXPIRED:
            outcomes["expired"] += 1
        elif item.type != "approval":
            outcomes["other"] += 1
        else:
            given = all(answer.answers[0].value for answer in item.responses)
            outcomes["approved" if given else "rejected"] += 1
    rows = figures(tess, "endings", span="30")
    assert {row["outcome"]: int(row["questions"]) for row in rows} == dict(outcomes)
    for row in rows:
        assert float(row["share"]) == pytest.approx(outcomes[row["outcome"]] / 120, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("workflow", "workflow-1", lambda item: item.run_id == "run_1"),
        ("type", "review", lambda item: item.type == "review"),
        ("group", "grp_board", lambda item: item.group_id == "grp_board"),
        ("person", SAM, lambda item: SAM in (item.members or (item.target.id,))),
    ],
)
def test_a_filter_counts_what_fits(
    lived: list[Interaction], tess: Client, name: str, value: str, fits: Any
) -> None:
    rows = figures(tess, "flow", span="30", **{name: value})
    assert sum(int(row["asked"]) for row in rows) == sum(1 for item in lived if fits(item))


def test_answers_are_counted_for_the_person_who_gave_them(
    lived: list[Interaction], tess: Client
) -> None:
    mine = [
        (answer.at - item.created_at).total_seconds()
        for item in lived
        for answer in item.responses
        if answer.user_id == LEE and answer.at is not None
    ]
    rows = figures(tess, "time-to-answer", span="30", person=LEE)
    assert sum(int(row["answers"]) for row in rows) == len(mine)


def test_time_to_claim_is_that_of_the_first_claim(people: None, tess: Client) -> None:
    created = noon(today() - timedelta(days=2))
    claims = [4, 9, 60]
    tell(
        *(
            snapshots.group_ask(
                f"int_{minutes}",
                created_at=created,
                updated_at=created + timedelta(minutes=minutes),
                claimed_by=SAM,
                claimed_at=created + timedelta(minutes=minutes),
            )
            for minutes in claims
        )
    )
    [row] = [row for row in figures(tess, "time-to-claim", span="7") if row["claims"] != "0"]
    assert row["day"] == created.date().isoformat()
    assert float(row["median_seconds"]) == pytest.approx(9 * 60, rel=0.05)
    assert float(row["p90_seconds"]) == pytest.approx(3600, rel=0.05)


def test_times_under_a_second_are_said_to_be_that_and_drawn(people: None, tess: Client) -> None:
    created = noon(today() - timedelta(days=2))
    claimed = created + timedelta(milliseconds=20)
    tell(
        snapshots.group_ask(
            "int_1", created_at=created, updated_at=claimed, claimed_by=SAM, claimed_at=claimed
        )
    )
    page = tess.get("/insights/", {"span": "7"}).content.decode()
    chart = " ".join(page.split('id="chart-time-to-claim"')[1].split("</section>")[0].split())
    assert "under 1 s <small>median</small>" in chart
    assert chart.count('<td class="num">under 1 s</td>') == 2
    most, medians = drawn(page, "time-to-claim")["series"]
    assert most["values"] == medians["values"] == [None] * 4 + [0.5, None, None]


def test_the_page_the_drawing_and_the_file_have_the_same_figures(
    lived: list[Interaction], tess: Client
) -> None:
    page = tess.get("/insights/", {"span": "30"}).content.decode()
    rows = figures(tess, "flow", span="30")
    asked, answered = drawn(page, "flow")["series"]
    assert asked["values"] == [int(row["asked"]) for row in rows]
    assert answered["values"] == [int(row["answered"]) for row in rows]
    assert f"{len(lived)} <small>asked</small>" in " ".join(page.split())
    # Nothing is claimed or open here, and a chart without figures has no table.
    assert page.count('<th scope="row"') == 2 * 30 + 4


def test_open_questions_are_counted_by_age_and_the_oldest_is_named(
    people: None, tess: Client
) -> None:
    now = datetime.now(UTC)
    for number, minutes in enumerate((5, 30, 40, 100, 60 * 30)):
        made = now - timedelta(minutes=minutes)
        tell(
            snapshots.ask(
                f"int_{number}", created_at=made, updated_at=made, message=f"Question {number}?"
            )
        )
    rows = figures(tess, "open")
    assert [int(row["open"]) for row in rows] == [1, 2, 1, 0, 1]
    page = tess.get("/insights/").content.decode()
    assert '<a class="link" href="/interactions/int_4/">Question 4?</a>' in page


def test_the_forecast_is_what_usually_became_of_its_kind(people: None, tess: Client) -> None:
    now = datetime.now(UTC)
    yesterday = noon(today() - timedelta(days=1))
    for number in range(10):
        made = snapshots.ask(f"old_{number}", created_at=yesterday, updated_at=yesterday)
        update = {"status": InteractionStatus.EXPIRED}
        if number < 8:
            update = {"status": InteractionStatus.COMPLETED}
        tell(made.model_copy(update={**update, "completed_at": yesterday}))
    for number, hours in enumerate((0.5, 2, 3, 30)):
        expires = now + timedelta(hours=hours)
        tell(snapshots.ask(f"new_{number}", created_at=now, updated_at=now, expires_at=expires))
    rows = {row["expires"]: row for row in figures(tess, "forecast")}
    assert [int(row["questions"]) for row in rows.values()] == [1, 2, 0, 0]
    assert float(rows["in_4h"]["usually_answered"]) == pytest.approx(1.6)
    assert float(rows["in_1h"]["may_expire"]) == pytest.approx(0.2)
    page = " ".join(tess.get("/insights/").content.decode().split())
    assert "80% <small>usually answered in time</small>" in page


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({}, 30),
        ({"span": "7"}, 7),
        ({"span": "365"}, 365),
        ({"span": "nonsense"}, 30),
        ({"from": 9}, 10),
        ({"to": 9}, 1),
        ({"from": 0, "to": 3}, 4),
        ({"from": "2999-01-01", "to": "2999-02-01"}, 1),
        ({"from": "0001-01-01"}, 1096),
        ({"from": "not a day"}, 30),
    ],
)
def test_any_span_is_taken_and_nonsense_means_the_usual(
    tess: Client, query: dict[str, str | int], days: int
) -> None:
    """Numbers are days ago."""
    today = datetime.now(UTC).date()
    query = {
        name: str(today - timedelta(days=value)) if isinstance(value, int) else value
        for name, value in query.items()
    }
    assert len(figures(tess, "flow", **query)) == days
    assert tess.get("/insights/", query).status_code == 200


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("?from=2999-01-01&to=2999-02-01", True),
        ("?from=2026-02-10&to=2026-02-01", False),
        ("?from=bogus", True),
        ("?to=2026-02-30", True),
        ("?from=2026-02-01&to=2026-02-10", False),
        ("?from=&to=2026-02-10", False),
        ("?span=7", False),
    ],
)
def test_days_that_cannot_be_shown_are_not_replaced_in_silence(
    tess: Client, query: str, shown: bool
) -> None:
    page = tess.get("/insights/" + query).content.decode()
    assert ("That range isn't available" in page) is shown
    swapped = "“From” was later than “To”, so they were swapped. Showing"
    assert (swapped in page) is ("from=2026-02-10" in query)


def test_people_are_left_out_where_that_is_off(
    lived: list[Interaction], tess: Client, settings: Any
) -> None:
    settings.INSIGHTS_BY_PERSON = False
    page = tess.get("/insights/", {"person": SAM}).content.decode()
    assert 'name="person"' not in page
    rows = figures(tess, "flow", span="30", person=SAM)
    assert sum(int(row["asked"]) for row in rows) == len(lived)


def test_an_empty_past_says_so_and_draws_nothing(tess: Client) -> None:
    page = tess.get("/insights/").content.decode()
    for words in (
        "No questions were asked or answered.",
        "No questions have closed.",
        "No open questions.",
    ):
        assert words in page
    assert "<canvas" not in page


def test_pruning_questions_keeps_the_figures(lived: list[Interaction], tess: Client) -> None:
    before = figures(tess, "flow", span="30")
    InteractionRow.objects.all().delete()
    assert figures(tess, "flow", span="30") == before


def test_days_of_a_former_time_zone_are_marked(lived: list[Interaction], tess: Client) -> None:
    last = today() - timedelta(days=20)
    Upstream.objects.update(former_zones=[["Pacific/Auckland", last.isoformat()]])
    page = " ".join(tess.get("/insights/", {"span": "30"}).content.decode().split())
    assert "still use the previous time zone, Pacific/Auckland" in page
    assert f"{long_day(last)} (Pacific/Auckland)" in page
    assert f"{long_day(last + timedelta(days=1))} (" not in page
    zones = {row["day"]: row["time_zone"] for row in figures(tess, "flow", span="30")}
    assert zones[last.isoformat()] == "Pacific/Auckland"
    assert zones[(last + timedelta(days=1)).isoformat()] == "UTC"
    assert "previous time zone" not in tess.get("/insights/", {"span": "7"}).content.decode()
    outcomes = figures(tess, "endings", span="30")
    assert {row["time_zone"] for row in outcomes} == {"Pacific/Auckland, UTC"}


def test_the_page_says_so_while_figures_are_being_recounted(
    lived: list[Interaction], tess: Client, settings: Any
) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"
    said = "The time zone is now Pacific/Auckland. Figures are being recalculated"
    assert said in tess.get("/insights/").content.decode()
    list(rebuild(Upstream.current()))
    assert "being recalculated" not in tess.get("/insights/").content.decode()


@pytest.mark.parametrize("path", ["/insights/", "/insights/flow.csv"])
def test_only_leads_find_it(rina: Client, mallory: Client, path: str) -> None:
    assert rina.get(path).status_code == 404
    assert mallory.get(path).status_code == 404
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")


def test_it_is_read_only_and_knows_its_charts(tess: Client) -> None:
    assert tess.post("/insights/").status_code == 405
    assert tess.post("/insights/flow.csv").status_code == 405
    assert tess.get("/insights/nonsense.csv").status_code == 404


def test_only_a_lead_sees_the_link(rina: Client, tess: Client) -> None:
    assert 'href="/insights/"' in tess.get("/inbox/").content.decode()
    assert 'href="/insights/"' not in rina.get("/inbox/").content.decode()


def test_a_group_of_one_answer_is_counted_once(people: None) -> None:
    created = noon(today() - timedelta(days=1))
    question = snapshots.group_ask(created_at=created, updated_at=created)
    assert question.policy.kind is PolicyKind.ALL
    tell(question)
    rows = figures(sign_in("tess"), "flow", span="7")
    assert sum(int(row["asked"]) for row in rows) == 1
    assert sum(int(row["asked"]) for row in figures(sign_in("tess"), "flow", person=RINA)) == 1


def test_test_questions_are_not_among_the_open_ones(people: None) -> None:
    tell(snapshots.ask("int_test"), snapshots.ask("int_1"))
    project.record_test_question(Upstream.current(), "int_test")
    rows = waiting(Upstream.current(), InsightsFilters.read({}))
    assert [row.mobius_id for row in rows] == ["int_1"]


@pytest.mark.sqlite
def test_the_oldest_open_question_is_found_by_its_index(people: None) -> None:
    tell(snapshots.ask("int_test"))
    project.record_test_question(Upstream.current(), "int_test")
    rows = waiting(Upstream.current(), InsightsFilters.read({}))
    assert "interaction_oldest" in rows.order_by("created_at").explain()
