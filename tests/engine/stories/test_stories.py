import itertools
import json
import re
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from inbox.engine import stories
from inbox.engine.rules.questions import MODES
from tests.fixtures_engine import Project

KINDS = [(type, mode) for type, modes in MODES.items() for mode in modes]
SETTLED = ("suspended", "completed", "failed")
HUNK = re.compile(r"^@@ -\d+,(\d+) \+\d+,(\d+) @@")

Json = dict[str, Any]


def send(project: Project, post: stories.Post) -> Json:
    made = checked(project.http.post(post.path.removeprefix("/"), json=post.body))
    for question in post.questions:
        checked(project.http.post("interactions", json={**question, "run_id": made["id"]}))
    if post.answer is not None:
        answer = {"value": post.answer.value, "comment": post.answer.comment}
        made = checked(project.http.post(f"interactions/{made['id']}/respond", json=answer))
    return project.wait_for(made["id"], *SETTLED) if post.path == "/runs" else made


def checked(response: Any) -> Json:
    assert response.is_success, f"{response.text}: {response.request.content.decode()}"
    made: Json = response.json()
    return made


def every(project: Project, path: str, **filters: str) -> list[Json]:
    listed = checked(project.http.get(path, params={"limit": "200", **filters}))
    assert not listed["has_more"]
    items: list[Json] = listed["items"]
    return items


def waiting(project: Project, now: datetime) -> list[Json]:
    for post in stories.morning(now):
        send(project, post)
    return every(project, "interactions", status="pending")


def expiry(item: Json) -> datetime | None:
    return None if item["expires_at"] is None else datetime.fromisoformat(item["expires_at"])


def test_the_morning_covers_every_kind_for_people_and_groups_with_and_without_deadline(
    project: Project,
) -> None:
    pending = waiting(project, datetime.now(UTC))
    covered = {
        (item["type"], item["spec"]["mode"], item["target"]["type"], expiry(item) is not None)
        for item in pending
    }
    assert covered == {
        (type, mode, target, deadline)
        for type, mode in KINDS
        for target in ("user", "group")
        for deadline in (True, False)
    }
    asked = {item["target"]["id"] for item in pending}
    assert asked == {*stories.PEOPLE, "approvers", "change-board"}
    assert len(pending) >= 14


def test_the_morning_has_something_due_soon_overdue_long_nested_and_of_every_mark(
    project: Project,
) -> None:
    now = datetime.now(UTC)
    pending = waiting(project, now)
    minutes = [at - now for item in pending if (at := expiry(item)) is not None]
    assert timedelta(minutes=7) < min(minutes) < timedelta(minutes=9)
    overdue = [
        item
        for item in pending
        if "due_at" in item["context"] and datetime.fromisoformat(item["context"]["due_at"]) < now
    ]
    assert len(overdue) == 1
    assert overdue[0]["expires_at"] is not None
    long = max((item["message"] for item in pending), key=len)
    assert len(long) > 1000
    for mark in (
        "## ",
        "```",
        "| --- | --- |".replace(" ", ""),
        "\n- ",
        "](https://",
        "> ",
        "1. ",
    ):
        assert mark in long
    assert max(depth(item["context"]) for item in pending) >= 5
    assert max(len(item["spec"].get("options", [])) for item in pending) > 12
    for wanted in ("multiline", "placeholder", "default_text", "default_confirmed"):
        assert any(item["spec"].get(wanted) for item in pending), wanted
    for wanted in ("default_value", "default_values"):
        assert any(item["spec"].get(wanted) for item in pending), wanted


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((depth(item) for item in inner), default=0)


def test_the_morning_shows_runs_in_every_state_and_something_that_was_answered(
    project: Project,
) -> None:
    waiting(project, datetime.now(UTC))
    runs = every(project, "runs")
    assert {run["status"] for run in runs} == {"suspended", "completed", "failed"}
    kinds = {kind for run in runs for kind in run["wait_summary"]["kind_counts"]}
    assert kinds == {"interaction", "signal", "sleep"}
    assert all(run["metadata"]["requested_by"] for run in runs)
    done = every(project, "interactions", status="completed")
    assert {item["responder"]["id"] for item in done} == {"user_rina", "user_sam"}


def test_the_runs_continue_without_an_error_after_any_answers(project: Project) -> None:
    waiting(project, datetime.now(UTC))
    while pending := every(project, "interactions", status="pending"):
        for item in pending:
            answer(project, item)
            if item["run_id"] is not None:
                settle(project, item["run_id"])
    failed = [run["workflow_name"] for run in every(project, "runs", status="failed")]
    assert failed == ["price-import"]
    asleep = every(project, "runs", status="suspended")
    assert {run["workflow_name"] for run in asleep} == {
        "newsletter",
        "carrier-pickup",
        "storefront-release",
        "incident-report",
    }


def answer(project: Project, item: Json) -> None:
    spec = item["spec"]
    values = [option["value"] for option in spec.get("options") or [{"value": ""}]]
    value = {
        "confirm": True,
        "select": values[-1],
        "multi_select": values,
        "input": "A word.",
    }[spec["mode"]]
    everybody = item["routing_policy_snapshot"] == "all_members"
    people = item["target_member_snapshot"] or [item["target"]["id"]]
    for person in people if everybody else people[:1]:
        url = f"interactions/{item['id']}/respond"
        checked(project.as_(person).post(url, json={"value": value}))


def settle(project: Project, run_id: str) -> None:
    project.wait_for(run_id, *SETTLED)


def test_every_piece_of_traffic_is_accepted(project: Project) -> None:
    now = datetime.now(UTC)
    posts = list(itertools.islice(stories.traffic(Random(7), lambda: now), 120))
    for post in posts:
        checked(project.http.post(post.path.removeprefix("/"), json=post.body))
    questions = [question for post in posts for question in asked_by(post)]
    assert {(item["type"], item["spec"]["mode"]) for item in questions} == set(KINDS)
    assert len({json.dumps(post.body) for post in posts}) > 110


def asked_by(post: stories.Post) -> list[Json]:
    if post.path == "/interactions":
        return [post.body]
    steps = post.body["spec"]["steps"]
    return [*post.questions, *(step["interaction"] for step in steps if "interaction" in step)]


def everything() -> list[stories.Post]:
    now = datetime(2026, 5, 4, 9, tzinfo=UTC)
    mornings = [post for api in "ac" for post in stories.morning(now, api)]
    return [*mornings, *itertools.islice(stories.traffic(Random(3), lambda: now), 200)]


def test_only_the_casts_people_ask_and_are_asked() -> None:
    for post in everything():
        for question in asked_by(post):
            assert question["target"]["id"] in {*stories.PEOPLE, "approvers", "change-board"}
        asker = post.body.get("metadata", {}).get("requested_by", "user_sam")
        assert asker in stories.PEOPLE or asker.startswith("svc-")


def test_links_lead_to_no_real_place() -> None:
    hosts = set(re.findall(r"https?://([^/\s\"'\\)]+)", json.dumps([p.body for p in everything()])))
    assert hosts
    assert all(host.endswith(".example") for host in hosts), hosts


def test_line_numbers_in_diffs_are_right() -> None:
    diffs = [
        text
        for post in everything()
        for question in asked_by(post)
        for text in question.get("context", {}).values()
        if isinstance(text, str) and "\n@@ " in text
    ]
    assert diffs
    for text in diffs:
        old = new = 0
        for line in text.splitlines():
            if line.startswith(("--- ", "+++ ")):
                assert (old, new) == (0, 0), line
            elif match := HUNK.match(line):
                assert (old, new) == (0, 0), line
                old, new = int(match[1]), int(match[2])
            else:
                old -= line[0] in " -"
                new -= line[0] in " +"
        assert (old, new) == (0, 0)
