"""Putting a question off: what is hidden until when, from whom, and how it comes back."""

import html
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.access import viewer_of
from inbox.answering.snooze import Returns, snoozes_of
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mobius.types import Policy, PolicyKind
from inbox.models import Interaction, Recipient, Reviewer, Snooze
from inbox.web.questions.snoozing import presets
from tests.support.snapshots import RINA, ask, group_ask
from tests.web.cast import HTMX, part, soon, tell
from tests.web.test_inbox_changes import changes, waiting

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("synced")]

ANY = Policy(kind=PolicyKind.ANY)


def page_of(client: Client, path: str = "/inbox/", **how: Any) -> str:
    answer = client.get(path, **how)
    assert answer.status_code == 200, answer.status_code
    return " ".join(html.unescape(answer.content.decode()).split())


def titles(client: Client, query: str = "") -> list[str]:
    return re.findall(r'class="row-title">(.*?)</span>', page_of(client, f"/inbox/{query}"))


def bands(client: Client) -> dict[str, str]:
    found = re.findall(r'id="band-count-(\w+)"[^>]*>([^<]*)<', page_of(client))
    return {key: count for key, count in found if count}


def put_off(client: Client, id_: str, until: datetime | str, **more: str) -> Any:
    given = until if isinstance(until, str) else until.isoformat()
    return client.post(f"/interactions/{id_}/snooze", {"preset": given, **more})


def let_time_pass(id_: str, **length: float) -> None:
    row = Snooze.objects.get(interaction__mobius_id=id_)
    gone = timedelta(**length)
    Snooze.objects.filter(pk=row.pk).update(until=row.until - gone, at=row.at - gone)


@pytest.mark.sqlite  # it names a plan of SQLite
def test_reading_ones_snoozes_reads_no_other_open_questions(rina: Client) -> None:
    viewer = viewer_of(Reviewer.objects.get(user__username="rina").user)
    assert "SEARCH inbox_interaction USING INTEGER PRIMARY KEY" in snoozes_of(viewer).explain()


def three() -> None:
    tell(*(ask(f"int_{n}", message=f"Number {n}?", expires_at=soon(days=n)) for n in (1, 2, 3)))


def test_it_leaves_the_list_and_its_counts_for_the_person_alone(
    rina: Client, sam: Client, tess: Client
) -> None:
    tell(group_ask("int_1", message="Ours?"), ask("int_2", message="Mine?"))
    assert put_off(rina, "int_1", soon(hours=2))["Location"] == "/interactions/int_2/"
    assert titles(rina) == ["Mine?"]
    assert "1 open" in page_of(rina)
    assert re.findall(r'id="count-inbox"[^>]*>(\d+)', page_of(rina, "/runs/")) == ["1"]
    assert titles(sam) == ["Ours?"]
    assert "Ours?" in page_of(tess, "/runs/blocked/")
    assert titles(rina, "?snoozed=yes") == ["Ours?"]
    assert re.search(r"Until \w*", page_of(rina, "/inbox/?snoozed=yes"))


@pytest.mark.parametrize("path", ["/inbox/", "/runs/", "/notifications/", "/notifications/counts/"])
def test_every_page_counts_it_as_unread_once_it_is_back(rina: Client, path: str) -> None:
    three()
    put_off(rina, "int_1", soon(hours=2))
    put_off(rina, "int_2", soon(hours=3))
    unread = re.compile(r'id="unread" hidden[^>]*>(\d*)<')
    assert unread.findall(page_of(rina, path)) == ["1"]
    let_time_pass("int_1", hours=2)
    assert unread.findall(page_of(rina, path)) == ["2"]


def test_a_question_returns_to_the_top_of_the_list(rina: Client) -> None:
    three()
    put_off(rina, "int_3", soon(hours=2))
    assert titles(rina) == ["Number 1?", "Number 2?"]
    let_time_pass("int_3", hours=3)
    for query in ("", "?sort=newest", "?group_by=workflow"):
        assert titles(rina, query)[0] == "Number 3?", query
    assert "Back from snooze" in page_of(rina)
    assert bands(rina) == {"returned": "1", "later": "2"}
    assert titles(rina, "?snoozed=yes") == []


def test_a_question_that_returns_waits_behind_the_bar(rina: Client) -> None:
    three()
    put_off(rina, "int_1", soon(hours=2))
    shown = ("int_2", "int_3")
    assert waiting(changes(rina, "int_1", shown=shown)) == []
    let_time_pass("int_1", hours=3)
    assert waiting(changes(rina, "int_1", shown=shown)) == ["int_1"]


@pytest.mark.parametrize("soft", [False, True])
def test_it_comes_back_an_hour_before_a_deadline_that_has_come_forward(
    rina: Client, soft: bool
) -> None:
    three()
    put_off(rina, "int_3", soon(days=2))

    def move(**length: float) -> None:
        at = soon(**length)
        limits = {"due_at": at, "expires_at": soon(days=3) if soft else at, "soft": soft}
        Interaction.objects.filter(mobius_id="int_3").update(**limits)
        Recipient.objects.filter(interaction__mobius_id="int_3").update(due_at=at)

    returns = Returns()
    assert returns.announce(timezone.now()) == 60
    move(hours=1, seconds=20)
    assert titles(rina) == ["Number 1?", "Number 2?"]
    assert 0 < returns.announce(timezone.now()) <= 20
    move(minutes=59)
    assert titles(rina) == ["Number 3?", "Number 1?", "Number 2?"]
    assert "Back from snooze" in page_of(rina)


def test_a_time_up_to_the_deadline_itself_is_the_persons_own_choice(rina: Client) -> None:
    at = soon(minutes=30)
    tell(ask("int_1", expires_at=at))
    put_off(rina, "int_1", at)
    assert titles(rina) == []


def test_a_question_that_changes_meanwhile_stays_away_and_comes_back_as_changed(
    rina: Client,
) -> None:
    three()
    rina.post("/interactions/int_2/seen")
    put_off(rina, "int_2", soon(hours=2))
    tell(ask("int_2", 5, message="Number two?", expires_at=soon(days=2)))
    assert titles(rina) == ["Number 1?", "Number 3?"]
    assert waiting(changes(rina, "int_2", shown=("int_1", "int_3"))) == []
    snoozed = page_of(rina, "/inbox/?snoozed=yes")
    assert ("Number two?" in snoozed, ">Changed<" in snoozed) == (True, True)
    let_time_pass("int_2", hours=3)
    assert titles(rina)[0] == "Number two?"
    assert page_of(rina).count(">Changed<") == 1


def test_an_overdue_question_can_be_put_off_until_it_expires(rina: Client) -> None:
    context = {"due_at": soon(hours=-1).isoformat()}
    tell(ask("int_1", message="Late?", context=context, expires_at=soon(hours=2)))
    assert put_off(rina, "int_1", soon(hours=3)).status_code == 422
    assert put_off(rina, "int_1", soon(hours=1)).status_code == 303
    assert titles(rina) == []


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("", "Choose a time."),
        ("tomorrow", "Choose a time."),
        ("2000-01-01T09:00", "Choose a time in the future."),
        ("9999-12-31T23:59:59Z", "Choose a time before it expires."),
    ],
)
def test_a_time_that_is_not_possible_is_refused(rina: Client, until: str, said: str) -> None:
    three()
    answer = put_off(rina, "int_1", until)
    assert answer.status_code == 422
    assert said in html.unescape(answer.content.decode())
    assert not Snooze.objects.exists()


def test_without_a_deadline_a_year_is_the_limit(rina: Client) -> None:
    tell(ask("int_1"))
    answer = put_off(rina, "int_1", "9999-12-31T23:59:59Z")
    assert "Choose a time within a year." in answer.content.decode()
    assert answer.status_code == 422


def test_only_questions_that_wait_for_the_person_can_be_snoozed(rina: Client, sam: Client) -> None:
    tell(ask("int_1", status="expired", expires_at=soon(hours=-1)))
    assert put_off(rina, "int_1", soon(hours=1)).status_code == 409
    assert rina.get("/interactions/int_1/snooze").status_code == 409
    assert put_off(sam, "int_1", soon(hours=1)).status_code == 404
    assert 'data-key="h"' not in page_of(rina, "/interactions/int_1/")


def test_it_can_be_undone(rina: Client) -> None:
    three()
    put_off(rina, "int_1", soon(hours=2))
    assert 'formaction="/interactions/int_1/unsnooze"' in page_of(rina)
    back = rina.post("/interactions/int_1/unsnooze")
    assert back["Location"] == "/interactions/int_1/"
    assert titles(rina) == ["Number 1?", "Number 2?", "Number 3?"]


def test_a_claim_stays_unless_it_is_released(rina: Client) -> None:
    tell(group_ask(message="Mine now?", policy=ANY, claimed_by=RINA))
    assert 'name="release"' in page_of(rina, "/interactions/int_1/snooze")
    put_off(rina, "int_1", soon(hours=2))
    assert Interaction.objects.get().claimed_by == RINA
    assert titles(rina, "?scope=claimed") == ["Mine now?"]
    for path in ("/inbox/", "/runs/"):
        assert re.findall(r'id="count-claimed"[^>]*>(\d+)', page_of(rina, path)) == ["1"]


def test_focus_mode_leaves_it_out(rina: Client) -> None:
    three()
    first = rina.get("/inbox/focus/")["Location"]
    put_off(rina, "int_2", soon(hours=2))
    assert 'href="/inbox/focus/?order=' in page_of(rina, first)
    assert "item=int_2" not in page_of(rina, first)
    assert "1 of 2" in page_of(rina, rina.get("/inbox/focus/")["Location"])


def test_in_the_pane_the_next_question_opens_and_a_row_changes_the_list_alone(
    rina: Client,
) -> None:
    three()
    until = soon(hours=2).isoformat()
    at = "http://testserver/interactions/int_1/"
    path = "/interactions/int_1/snooze"
    pane = rina.post(path, {"preset": until}, headers=part("detail", at))
    assert 'data-interaction-id="int_2"' in pane.content.decode()
    assert pane["HX-Push-Url"] == "/interactions/int_2/"
    row = rina.post(
        "/interactions/int_3/snooze", {"preset": until, "back": "inbox"}, headers=part("snooze", at)
    )
    assert "data-interaction-id" not in row.content.decode()
    assert row["HX-Reswap"] == "none"
    for answer, id_ in ((pane, "int_1"), (row, "int_3")):
        assert f'"changed": ["{id_}"]' in answer["HX-Trigger"]
        assert f"/interactions/{id_}/unsnooze" in answer.content.decode()


def test_the_times_offered_are_in_words_and_leave_time_to_answer(rina: Client) -> None:
    tell(ask("int_1"), ask("int_2", expires_at=datetime.fromisoformat("2026-11-26T12:00:00Z")))
    free, limited = Interaction.objects.order_by("mobius_id")
    morning = datetime.fromisoformat("2026-11-26T10:20:30Z")
    said = [f"{preset.label} · {preset.when}" for preset in presets(free, morning)]
    assert said == [
        "In 1 hour · 11:20",
        "This afternoon · 14:00",
        "Tomorrow morning · Fri 09:00",
        "Next week · Mon 09:00",
    ]
    assert [preset.when for preset in presets(limited, morning)] == ["11:20"]
    sunday = datetime.fromisoformat("2026-11-29T13:00:00Z")
    assert [preset.when for preset in presets(free, sunday)] == ["14:00", "18:00", "Mon 09:00"]


@pytest.mark.parametrize(
    ("clock", "offered"),
    [
        ("10:45", ["In 1 hour · 11:45"]),
        ("10:46", ["In 15 minutes · 11:01", "In 30 minutes · 11:16"]),
        ("11:25", ["In 15 minutes · 11:40", "In 30 minutes · 11:55"]),
        ("11:26", ["In 15 minutes · 11:41"]),
        ("11:41", []),
    ],
)
def test_shortly_before_the_deadline_sooner_times_are_offered(
    rina: Client, clock: str, offered: list[str]
) -> None:
    tell(ask(expires_at=datetime.fromisoformat("2026-11-26T12:00:00Z")))
    now = datetime.fromisoformat(f"2026-11-26T{clock}:00Z")
    found = presets(Interaction.objects.get(), now)
    assert [f"{preset.label} · {preset.when}" for preset in found] == offered


def test_it_is_announced_to_the_person_when_it_is_back(rina: Client) -> None:
    three()
    put_off(rina, "int_1", soon(hours=2))
    heard: list[Any] = []
    undo = get_bus().subscribe(heard.append)
    returns = Returns()
    assert returns.announce(timezone.now()) == 60
    let_time_pass("int_1", seconds=2 * 3600 - 30)
    assert returns.announce(timezone.now()) <= 30
    assert not heard
    let_time_pass("int_1", minutes=1)
    returns.announce(timezone.now())
    undo()
    assert [changed[topics.inbox(RINA)] for changed in heard] == [frozenset({"int_1"})]


def test_the_dialog_has_the_form_alone(rina: Client) -> None:
    three()
    answer = rina.get("/interactions/int_1/snooze", headers={**HTMX, "HX-Target": "dialog#snooze"})
    assert answer.content.decode().lstrip().startswith("<h2")
