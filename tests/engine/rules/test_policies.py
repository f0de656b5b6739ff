from dataclasses import dataclass, field
from typing import Any

import pytest

from inbox.engine.rules import policies
from inbox.engine.rules.errors import EngineError


@dataclass
class Item:
    status: str = "pending"
    target_type: str = "group"
    target_id: str = "approvers"
    members: list[str] | None = field(default_factory=lambda: ["rina", "sam"])
    claimed_by: str | None = None
    current_responses: list[dict[str, Any]] = field(default_factory=list)
    reviewers: list[str] | None = None
    all_must_answer: bool = False


def refusal(check, item, user_id):
    try:
        check(item, user_id)
    except EngineError as error:
        return error.status, error.code
    return None


DIRECT = {"target_type": "user", "target_id": "rina", "members": None}
AGENT = {"target_type": "agent", "target_id": "bot", "members": None}
ANSWERED = {"all_must_answer": True, "current_responses": [{"user_id": "rina", "value": 1}]}
FORBIDDEN = (403, "permission_denied")


@pytest.mark.parametrize(
    ("fields", "who", "expected"),
    [
        (DIRECT, "rina", None),
        (DIRECT, None, None),
        (DIRECT, "sam", FORBIDDEN),
        (AGENT, None, None),
        (AGENT, "rina", FORBIDDEN),
        ({}, "sam", None),
        ({}, None, FORBIDDEN),
        ({}, "mallory", FORBIDDEN),
        ({"claimed_by": "rina"}, "rina", None),
        ({"claimed_by": "rina"}, "sam", (409, "already_claimed")),
        (ANSWERED, "rina", (409, "already_responded")),
        (ANSWERED, "sam", None),
        ({"status": "completed"}, "rina", (409, "conflict")),
        ({"status": "expired"}, "rina", (409, "conflict")),
        ({"status": "expired", "claimed_by": "sam"}, "rina", (409, "conflict")),
        ({"status": "expired"}, "mallory", FORBIDDEN),
    ],
)
def test_answering(fields, who, expected):
    assert refusal(policies.check_answer, Item(**fields), who) == expected


@pytest.mark.parametrize(
    ("fields", "who", "expected"),
    [
        ({}, "rina", None),
        ({"claimed_by": "rina"}, "rina", None),
        ({"claimed_by": "sam"}, "rina", (409, "already_claimed")),
        ({}, "mallory", FORBIDDEN),
        ({}, None, FORBIDDEN),
        ({"all_must_answer": True}, "rina", (400, "not_claimable")),
        (DIRECT, "rina", (400, "not_claimable")),
        (DIRECT, "sam", FORBIDDEN),
        (DIRECT, None, FORBIDDEN),
        (AGENT, "rina", FORBIDDEN),
        ({"status": "completed"}, "rina", (409, "conflict")),
    ],
)
def test_claiming(fields, who, expected):
    assert refusal(policies.check_claim, Item(**fields), who) == expected


@pytest.mark.parametrize(
    ("fields", "who", "expected"),
    [
        ({"claimed_by": "rina"}, "rina", None),
        ({}, "rina", None),
        ({"claimed_by": "sam"}, "rina", FORBIDDEN),
        ({}, "mallory", FORBIDDEN),
        ({}, None, FORBIDDEN),
        ({"status": "expired"}, "rina", (409, "conflict")),
    ],
)
def test_releasing(fields, who, expected):
    assert refusal(policies.check_release, Item(**fields), who) == expected


def test_the_final_value_is_in_snapshot_order_and_waits_for_all():
    answers = [{"user_id": "sam", "value": 2}]
    assert policies.final_value(["rina", "sam"], answers) is None
    answers.append({"user_id": "rina", "value": 1})
    assert policies.final_value(["rina", "sam"], answers) == [1, 2]
