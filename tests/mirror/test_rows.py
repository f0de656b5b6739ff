"""Rows hold the types' own JSON."""

from inbox.mirror.rows import interaction_row
from inbox.mobius.types import Option, Policy, PolicyKind, Question
from inbox.models import Upstream
from tests.support.snapshots import ask


def test_questions_and_policy_are_stored_as_the_types_write_themselves() -> None:
    question = Question(
        mode="multi_select",
        options=(Option(value="a", label="A"), Option(value="b", label="B", description="b?")),
        default=["a"],
        placeholder="choose",
        multiline=True,
    )
    policy = Policy(kind=PolicyKind.QUORUM, quorum=2)
    row = interaction_row(Upstream(pk=1), ask(questions=(question,), policy=policy), 0)
    assert row.questions == [question.model_dump(mode="json")]
    assert row.policy == policy.model_dump(mode="json")
    assert Question.model_validate(row.questions[0]) == question
