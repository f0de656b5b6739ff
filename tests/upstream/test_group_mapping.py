from inbox.mobius.types import Target
from inbox.models import Upstream
from inbox.upstream.group_mapping import mappings
from tests.support.snapshots import group_ask
from tests.web.cast import tell


def test_open_questions_are_counted_by_the_group_that_they_ask(db: None) -> None:
    target = Target(type="group", id="board")
    tell(
        group_ask("int_1", members=None),
        group_ask("int_2", members=None),
        group_ask("int_3", members=None, group_id=None, target=target),
        group_ask("int_4", members=None, group_id="", target=target),
        group_ask("int_5", group_id="grp_known"),
    )
    found = {one.group_id: one.questions for one in mappings(Upstream.current())}
    assert found == {"board": 2, "grp_board": 2}
