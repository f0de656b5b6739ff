"""Generation C over HTTP. What it sends is read with the models of its maker's package."""

import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from deepnoodle.mobius._api import models

from tests.engine.http.refusals import refused
from tests.fixtures_engine import Organization

NO_INTERACTION = "int_01HW1N1A2B3C4D5E6F7G8H9J0K"
OPTIONS = [{"value": "apr", "label": "April"}, {"value": "may", "label": "May"}]
FORM = [
    {"id": "period", "prompt": "Which?", "mode": "select", "options": OPTIONS, "allow_other": True},
    {"id": "parts", "prompt": "What?", "mode": "multi_select", "options": OPTIONS},
    {"id": "note", "prompt": "More?", "mode": "input", "required": False},
]
FACTS = {"kind": "request_information", "title": "Two facts?", "spec": {"questions": FORM}}
PERIOD = {"question_id": "period", "value": "apr"}
PARTS = {"question_id": "parts", "values": ["may"]}
YES = [{"question_id": "ship", "value": "approved"}]
NO = [{"question_id": "ship", "value": "rejected"}]
REVIEWED = {"type": "any_of", "review": {"reviewer_user_ids": ["user_lee"]}}


def read(response: httpx.Response) -> dict[str, Any]:
    assert response.is_success, response.text
    body: dict[str, Any] = response.json()
    model = models.InteractionListResponse if "items" in body else models.Interaction
    model.model_validate_json(response.content)
    return body


class Asked:
    """An interaction, and what people do with it."""

    def __init__(self, organization: Organization, **fields: Any) -> None:
        self._organization = organization
        self.id: str = organization.ask(**fields)["id"]

    def post(self, who: str, what: str, **body: Any) -> httpx.Response:
        client = self._organization.as_(who) if who else self._organization.http
        return client.post(f"interactions/{self.id}/{what}", json=body)

    def respond(self, who: str, *answers: dict[str, Any], **body: Any) -> httpx.Response:
        return self.post(who, "respond", answers=answers, **body)

    def now(self) -> dict[str, Any]:
        return read(self._organization.http.get(f"interactions/{self.id}"))


def listed(client: httpx.Client, **filters: str) -> list[str]:
    return [item["id"] for item in read(client.get("interactions", params=filters))["items"]]


def test_a_question_is_created_read_and_answered(organization: Organization) -> None:
    sent = {
        **FACTS,
        "description": "For the report.\n\nOf this year.",
        "target_user_ids": ["user_rina"],
        "context": {"b": 1, "a": [None]},
        "tags": {"area": "billing"},
        "properties": {"amount": 3},
        "subject": {"kind": "external_url", "url": "https://a.example/1", "label": "Report"},
        "references": [{"kind": "mobius_entity", "entity_type": "agent", "entity_id": "agent_1"}],
    }
    created = read(organization.as_("user_sam").post("interactions", json=sent))
    assert {name: created[name] for name in sent} == sent
    assert (created["status"], created["created_by"]) == ("pending", "user_sam")
    assert created["resolution_policy"] == {"type": "any_of"}
    assert created["consumer"] == {"kind": "none"}
    assert read(organization.http.get(f"interactions/{created['id']}")) == created

    answers = [PERIOD, PARTS]
    answered = read(
        organization.as_("user_rina").post(
            f"interactions/{created['id']}/respond", json={"answers": answers, "comment": "Done."}
        )
    )
    assert (answered["status"], answered["outcome"]) == ("completed", answers)
    assert answered["responder"] == {"user_id": "user_rina"}
    (response,) = answered["responses"]
    assert (response["answers"], response["comment"]) == (answers, "Done.")
    assert answered["resolving_response_id"] == response["id"]
    assert [(each["action"], each["actor_id"]) for each in answered["lifecycle"]] == [
        ("created", "user_sam"),
        ("resolved", "user_rina"),
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "approval"}, "kind"),
        ({"title": ""}, "title"),
        ({"title": "Two\nlines"}, "title"),
        ({"target_user_ids": []}, "target_user_ids"),
        ({"type": "approval"}, "type is not a known field"),
        ({"target": {"type": "user", "id": "user_rina"}}, "target is not a known field"),
        ({"spec": {"mode": "confirm"}}, "spec.mode is not a known field"),
        ({"spec": {"questions": FORM}}, "spec.questions[1].mode must be confirm or select"),
        ({"require_all": True, "resolution_policy": {"type": "any_of"}}, "exclude"),
        ({"resolution_policy": {"type": "quorum"}}, "threshold"),
        ({"resolution_policy": {"type": "quorum", "threshold": 2}}, "more people"),
        ({"resolution_policy": {"type": "any_of", "review": {}}}, "a machine can't review"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"delivery": {"channels": [{"kind": "inbox_only"}]}}, "delivery is not supported"),
    ],
)
def test_a_wrong_question_is_a_400_that_names_the_field(
    organization: Organization, fields: dict[str, Any], said: str
) -> None:
    body = {
        "kind": "request_approval",
        "title": "Ship it?",
        "target_user_ids": ["user_rina"],
        **fields,
    }

    refused(organization.http.post("interactions", json=body), 400, "bad_request", said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "answers is missing"),
        ({"answers": []}, "answers"),
        ({"answers": [PERIOD, PARTS], "value": True}, "value is not a known field"),
        ({"answers": [PERIOD]}, "parts must be answered"),
        ({"answers": [PERIOD, PARTS, PARTS]}, "answers[2] (parts)"),
        ({"answers": [{"question_id": "why", "text": "x"}]}, "answers[0] (why)"),
        ({"answers": [{**PERIOD, "value": "june"}, PARTS]}, "apr, may"),
        ({"answers": [{**PERIOD, "other": "June"}, PARTS]}, "exactly value or other"),
        ({"answers": [PERIOD] * 13}, "answers"),
    ],
)
def test_wrong_answers_are_a_400_and_leave_it_open(
    organization: Organization, body: dict[str, Any], said: str
) -> None:
    asked = Asked(organization, **FACTS)
    before = asked.now()
    refused(asked.post("user_rina", "respond", **body), 400, "bad_request", said)
    assert asked.now() == before


def test_only_who_is_asked_answers_with_their_own_token_and_once(
    organization: Organization,
) -> None:
    asked = Asked(organization, target_user_ids=["user_rina", "user_sam"])
    refused(asked.respond("user_mallory", *YES), 403, "permission_denied")
    refused(asked.respond("", *YES), 403, "permission_denied", "own token")
    assert asked.respond("user_sam", *YES).status_code == 200
    refused(asked.respond("user_rina", *YES), 409, "conflict", "completed")


def test_all_of_needs_everybody_and_its_outcome_is_every_response(
    organization: Organization,
) -> None:
    people = ["user_rina", "user_sam"]
    asked = Asked(organization, target_user_ids=people, resolution_policy={"type": "all_of"})
    first = read(asked.respond("user_sam", *YES))
    assert (first["status"], first.get("outcome")) == ("pending", None)
    refused(asked.respond("user_sam", *NO), 409, "conflict", "already answered")
    done = read(asked.respond("user_rina", *NO))
    assert done["status"] == "completed"
    assert [each["answers"] for each in done["outcome"]] == [YES, NO]
    assert done["resolved_by"] == "all_of"


def test_a_quorum_counts_answers(organization: Organization) -> None:
    people = ["user_rina", "user_sam", "user_lee"]
    policy = {"type": "quorum", "threshold": 2}
    asked = Asked(organization, target_user_ids=people, resolution_policy=policy)
    assert read(asked.respond("user_sam", *YES))["status"] == "pending"
    done = read(asked.respond("user_lee", *NO))
    assert (done["status"], done["resolution_policy"]) == ("completed", policy)
    assert [each["responder_user_id"] for each in done["outcome"]] == ["user_sam", "user_lee"]
    refused(asked.respond("user_rina", *YES), 409, "conflict")


def test_work_goes_back_and_forth_until_it_is_accepted(organization: Organization) -> None:
    asked = Asked(organization, resolution_policy=REVIEWED)
    submitted = read(asked.respond("user_rina", *NO))
    assert (submitted["status"], submitted["review_round"]) == ("in_review", 0)
    assert submitted["submitted_at"] is not None
    refused(asked.respond("user_rina", *YES), 409, "conflict", "in review")

    sent_back = read(
        asked.post("user_lee", "review", action="request_changes", comment="Not yet sure.")
    )
    assert (sent_back["status"], sent_back["review_round"]) == ("pending", 1)
    assert sent_back["review_feedback"] == "Not yet sure."
    refused(asked.post("user_lee", "review", action="accept"), 409, "conflict")

    again = read(asked.respond("user_rina", *YES))
    assert [each["attempt"] for each in again["responses"]] == [None, 1]
    accepted = read(asked.post("user_lee", "review", action="accept", comment="Good."))
    assert (accepted["status"], accepted["outcome"]) == ("completed", YES)
    assert accepted["reviewer"] == {"user_id": "user_lee"}
    assert [(each["action"], each["round"]) for each in accepted["lifecycle"]] == [
        ("created", 0),
        ("submitted_for_review", 0),
        ("changes_requested", 0),
        ("submitted_for_review", 1),
        ("accepted", 1),
    ]


def test_a_new_round_asks_everybody_again(organization: Organization) -> None:
    policy = {**REVIEWED, "type": "all_of"}
    asked = Asked(organization, target_user_ids=["user_rina", "user_sam"], resolution_policy=policy)
    asked.respond("user_rina", *YES)
    assert read(asked.respond("user_sam", *YES))["status"] == "in_review"
    asked.post("user_lee", "review", action="request_changes", comment="Once more.")
    assert read(asked.respond("user_rina", *NO))["status"] == "pending"
    assert read(asked.respond("user_sam", *NO))["status"] == "in_review"
    done = read(asked.post("user_lee", "review", action="accept"))
    assert [each["answers"] for each in done["outcome"]] == [NO, NO]


def test_only_its_reviewers_review_it_and_not_their_own_work(organization: Organization) -> None:
    policy = {"type": "any_of", "review": {"reviewer_user_ids": ["user_rina", "user_lee"]}}
    asked = Asked(organization, resolution_policy=policy)
    refused(asked.post("user_lee", "review", action="accept"), 409, "conflict", "pending")
    asked.respond("user_rina", *YES)
    for who, said in (("user_sam", "not a reviewer"), ("user_rina", "own work"), ("", "")):
        refused(asked.post(who, "review", action="accept"), 403, "permission_denied", said)
    missing = asked.post("user_lee", "review", action="request_changes", comment=" ")
    refused(missing, 400, "bad_request", "comment")
    refused(asked.post("user_lee", "review", action="reject"), 400, "bad_request", "action")


def test_without_reviewers_the_creator_reviews(organization: Organization) -> None:
    body = {
        "kind": "assign_work",
        "title": "Write it",
        "target_user_ids": ["user_rina"],
        "resolution_policy": {"type": "any_of", "review": {}},
    }
    created = read(organization.as_("user_sam").post("interactions", json=body))
    review = created["resolution_policy"]["review"]
    assert review == {"reviewer_user_ids": ["user_sam"]}


def test_what_is_in_review_does_not_expire_until_it_is_sent_back(
    organization: Organization,
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=2)
    asked = Asked(organization, resolution_policy=REVIEWED, expires_at=soon.isoformat())
    assert asked.respond("user_rina", *YES).is_success
    other = Asked(organization, expires_at=soon.isoformat())
    wait_until(lambda: other.now()["status"] == "expired")
    assert asked.now()["status"] == "in_review"
    asked.post("user_lee", "review", action="request_changes", comment="Late.")
    wait_until(lambda: asked.now()["status"] == "expired")
    assert asked.now()["lifecycle"][-1]["actor_id"] is None


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_person_cancels_what_is_open(organization: Organization) -> None:
    asked = Asked(organization)
    refused(asked.post("", "cancel"), 403, "permission_denied")
    cancelled = read(asked.post("user_tess", "cancel", reason="Asked twice"))
    assert (cancelled["status"], cancelled["cancel_reason"]) == ("cancelled", "Asked twice")
    assert cancelled["lifecycle"][-1]["comment"] == "Asked twice"
    refused(asked.post("user_tess", "cancel"), 400, "bad_request", "cancelled")
    refused(asked.respond("user_rina", *YES), 409, "conflict", "cancelled")


def test_lists_are_filtered(organization: Organization) -> None:
    approval = Asked(organization).id
    facts = Asked(organization, **FACTS, target_user_ids=["user_rina", "user_sam"])
    reviewed = Asked(organization, resolution_policy=REVIEWED)
    reviewed.respond("user_rina", *YES)
    http = organization.http
    assert listed(http) == [reviewed.id, facts.id, approval]
    assert listed(http, status="in_review") == [reviewed.id]
    assert listed(http, kind="request_information") == [facts.id]
    assert listed(http, target_user_id="user_sam") == [facts.id]
    assert listed(organization.as_("user_sam"), inbox="true") == [facts.id]
    assert listed(http, inbox="true") == []
    for wrong in ({"run_id": "run_1"}, {"type": "approval"}, {"status": "open"}, {"kind": "vote"}):
        refused(http.get("interactions", params=wrong), 400, "bad_request")


def test_pages_have_twenty_and_at_most_a_hundred(organization: Organization) -> None:
    ids = [Asked(organization).id for _ in range(22)]
    first = read(organization.http.get("interactions"))
    assert (len(first["items"]), first["has_more"]) == (20, True)
    rest = read(organization.http.get("interactions", params={"cursor": first["next_cursor"]}))
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert len(listed(organization.http, limit="100")) == 22
    for limit in ("101", "0", "x"):
        response = organization.http.get("interactions", params={"limit": limit})
        refused(response, 400, "bad_request", "100")


def test_errors_have_published_codes(organization: Organization) -> None:
    refused(organization.http.get(f"interactions/{NO_INTERACTION}"), 404, "not_found")
    nobody = organization.with_token("mbx_nobody")
    refused(nobody.get("interactions"), 401, "unauthorized")


@pytest.mark.parametrize(
    "path", ["projects/{}/interactions", "projects/{}/groups", "runs", "groups", "members/me"]
)
def test_the_paths_of_other_generations_do_not_exist(organization: Organization, path: str) -> None:
    refused(organization.http.get(path.format(organization.handle)), 404, "not_found")


def test_one_organization_does_not_see_another(organization: Organization) -> None:
    other = Organization(organization.engine, f"{organization.handle}-other")
    asked = Asked(other)
    refused(organization.http.get(f"interactions/{asked.id}"), 404, "not_found")
    assert listed(organization.http) == []
    other.close()


def waiting(organization: Organization, session: str) -> dict[str, Any]:
    wait_until(lambda: listed(organization.http, session_id=session, status="pending"))
    page = read(organization.http.get("interactions", params={"session_id": session}))
    found: dict[str, Any] = page["items"][0]
    return found


def test_a_run_is_a_session_with_one_turn_that_waits_for_its_question(
    organization: Organization,
) -> None:
    session = organization.run_story(
        organization.question(message="Deploy 4.2?\n\nAll is green."),
        metadata={"requested_by": "user_tess"},
    )
    asked = waiting(organization, session)
    assert (asked["kind"], asked["title"]) == ("request_approval", "Deploy 4.2?")
    assert asked["description"] == "All is green."
    assert asked["created_by"] == "agent_release"
    tool = asked["consumer"]["agent_tool"]
    assert (asked["consumer"]["kind"], tool["session_id"]) == ("agent_tool", session)
    path = f"sessions/{session}/turns/{tool['invocation_id']}"

    def turn() -> str:
        response = organization.http.get(path)
        models.AgentTurn.model_validate_json(response.content)
        status: str = response.json()["status"]
        return status

    assert turn() == "waiting"
    shown = organization.http.get(f"sessions/{session}")
    models.Session.model_validate_json(shown.content)
    assert (shown.json()["title"], shown.json()["created_by"]) == ("release", "user_tess")
    models.SessionListResponse.model_validate_json(organization.http.get("sessions").content)
    machines = models.PrincipalListResponse.model_validate_json(
        organization.http.get("principals").content
    )
    names = {machine.id: machine.name for machine in machines.items}
    assert names[asked["created_by"]] == "release"
    assert names[organization.ask()["created_by"]] == "Service key"

    (question,) = asked["spec"]["questions"]
    answer = {"question_id": question["id"], "value": "approved"}
    answered = read(
        organization.as_("user_rina").post(
            f"interactions/{asked['id']}/respond", json={"answers": [answer]}
        )
    )
    assert answered["outcome"] == [answer]
    wait_until(lambda: turn() == "completed")


def test_the_answers_of_a_form_are_values_for_the_steps_that_follow(
    organization: Organization,
) -> None:
    fields = {"type": "input", "message": "Which?", "questions": FORM, "spec": None}
    again = {"message": "Is ${steps.ask.value.period} right? ${steps.ask.value.parts}"}
    session = organization.run_story(
        organization.question(**fields), organization.question("sure", **again)
    )
    asked = waiting(organization, session)
    other = {"question_id": "period", "other": "June"}
    body = {"answers": [other, PARTS]}
    read(organization.as_("user_rina").post(f"interactions/{asked['id']}/respond", json=body))
    assert waiting(organization, session)["title"] == 'Is June right? ["may"]'


def test_cancelling_a_question_lets_its_run_go_on(organization: Organization) -> None:
    after = organization.question("after", message="Cancelled: ${steps.ask.reason}")
    session = organization.run_story(organization.question(), after)
    asked = waiting(organization, session)
    read(
        organization.as_("user_tess").post(
            f"interactions/{asked['id']}/cancel", json={"reason": "no"}
        )
    )
    assert waiting(organization, session)["title"] == "Cancelled: no"


def test_cancelling_a_turn_cancels_its_questions(organization: Organization) -> None:
    session = organization.run_story(organization.question())
    asked = waiting(organization, session)
    path = f"sessions/{session}/turns/{asked['consumer']['agent_tool']['invocation_id']}/cancel"
    for _ in range(2):
        response = organization.http.post(path)
        models.AgentTurn.model_validate_json(response.content)
        assert response.json()["status"] == "cancelled"
    now = read(organization.http.get(f"interactions/{asked['id']}"))
    assert now["status"] == "cancelled"


def test_groups_are_lists_of_people(organization: Organization) -> None:
    for handle, policy in (("approvers", "any_of"), ("change-board", "all_of")):
        target = {"type": "group", "id": handle}
        session = organization.run_story(organization.question(target=target))
        asked = waiting(organization, session)
        assert asked["target_user_ids"] == ["user_rina", "user_sam", "user_lee"]
        assert asked["resolution_policy"] == {"type": policy}


def test_the_demo_can_be_told_and_has_forms_quorums_and_rounds(
    organization: Organization,
) -> None:
    organization.tell_the_morning()

    def everything() -> list[dict[str, Any]]:
        page = read(organization.http.get("interactions", params={"limit": "100"}))
        assert not page["has_more"]
        items: list[dict[str, Any]] = page["items"]
        return items

    wait_until(lambda: any(len(each["spec"]["questions"]) > 1 for each in everything()))
    found = everything()
    assert {each["kind"] for each in found} == set(models.InteractionKind)
    assert {"any_of", "all_of", "quorum"} == {each["resolution_policy"]["type"] for each in found}
    assert {"pending", "in_review", "completed"} <= {each["status"] for each in found}
    assert max(each["review_round"] for each in found) == 1
    modes = itertools.chain.from_iterable(each["spec"]["questions"] for each in found)
    assert {each["mode"] for each in modes} == set(models.InteractionMode)
