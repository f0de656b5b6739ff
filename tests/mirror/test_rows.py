from inbox.mirror.rows import interaction_row
from inbox.mobius.types import Option, Policy, PolicyKind, Question
from inbox.models import Upstream
from tests.support.snapshots import ask


def test_questions_and_policy_are_stored_as_the_types_write_themselves() -> None:
    question = Question(
        mode="multi_select",
        options=(
            Option(value="a", label="A", description=""),
            Option(value="b", label="B", description="b?"),
        ),
        default=["a"],
        placeholder="choose",
        multiline=True,
    )
    several = question.model_copy(update={"id": "colours", "prompt": "Which?", "max_selections": 2})
    policy = Policy(kind=PolicyKind.QUORUM, quorum=2)
    row = interaction_row(Upstream(pk=1), ask(questions=(question, several), policy=policy), 0)
    # A form that was open during the upgrade to several questions has the digest of these fields.
    assert row.questions[0] == question.model_dump(mode="json", exclude_unset=True)
    assert row.policy == policy.model_dump(mode="json")
    assert [Question.model_validate(stored) for stored in row.questions] == [question, several]
