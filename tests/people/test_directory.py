from inbox.models import Machine
from inbox.people import directory
from tests.support.snapshots import ask, group_ask
from tests.web.cast import people as make_people
from tests.web.cast import tell


def test_ids_of_open_questions_without_an_account_are_suggested(db: None) -> None:
    tell(ask(), group_ask("int_2"))
    assert directory.seen_without_account() == ["user_lee", "user_rina", "user_sam"]
    assert directory.seen_without_account(limit=2) == ["user_lee", "user_rina"]
    Machine.objects.create(mobius_id="user_lee", name="Robot")
    assert directory.seen_without_account() == ["user_rina", "user_sam"]
    make_people()
    assert directory.seen_without_account() == []
