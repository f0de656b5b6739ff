from tests.access.printed import PAGE
from tests.access.table import PLACES, TABLE, Action, Place, Status, Verdict, Who, printed


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == printed()


def test_every_cell_is_decided() -> None:
    assert len(TABLE) == len(Status) * len(Who) * len(Action)
    assert len(PLACES) == len(Place) * len(Who)


def test_a_person_who_does_not_see_a_question_can_do_nothing_with_it() -> None:
    for (status, who, action), verdict in TABLE.items():
        seen = TABLE[status, who, Action.SEE]
        if action is not Action.SEE and seen is not Verdict.YES:
            assert verdict in (seen, Verdict.NEVER)
