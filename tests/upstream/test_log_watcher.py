from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from inbox.audit import decision_log
from inbox.audit.decision_log import Entry
from inbox.live.bus import Changed, get_bus
from inbox.models import Interaction, Upstream
from inbox.people import member_tokens
from inbox.upstream.group_mapping import map_group
from inbox.upstream.log_watcher import LogWatcher
from tests.support.snapshots import APPROVED, ask, group_ask
from tests.web import cast
from tests.web.cast import tell

pytestmark = pytest.mark.django_db
# Nothing is committed in these tests, so that no one but the look rings a bell.


@pytest.fixture
def heard() -> Iterator[list[Changed]]:
    heard: list[Changed] = []
    unsubscribe = get_bus().subscribe(heard.append)
    yield heard
    unsubscribe()


@pytest.fixture
def watcher(db: None) -> LogWatcher:
    cast.people()
    tell(group_ask(members=None), ask("int_2"))
    watcher = LogWatcher()
    watcher.check()
    return watcher


def test_a_mapping_reaches_the_pages_of_those_who_are_asked_now(
    watcher: LogWatcher, heard: list[Changed]
) -> None:
    map_group("grp_board", ["rina", "sam"])
    assert heard == []
    watcher.check()
    (changed,) = heard
    for user_id in ("user_rina", "user_sam"):
        assert changed[f"inbox:{user_id}"] == {"int_1"}
    assert {"item:int_1", "runs"} <= changed.keys()
    assert "item:int_2" not in changed
    decision_log.append(
        Entry(verb="respond", upstream=Upstream.current(), actor="", answers=APPROVED)
    )
    map_group("grp_board", ["sam"])
    watcher.check()
    assert "inbox:user_rina" in heard[-1]
    watcher.check()
    assert len(heard) == 2


def test_a_new_mobius_id_reaches_those_whom_groups_ask_by_it(
    watcher: LogWatcher, heard: list[Changed]
) -> None:
    rina = User.objects.get(username="rina").reviewer
    member_tokens.assign(rina, mobius_id="user_kovacs")
    watcher.check()
    assert heard == []
    map_group("grp_board", ["rina"])
    member_tokens.assign(rina, mobius_id="user_rina")
    watcher.check()
    assert {"inbox:user_kovacs", "inbox:user_rina"} <= heard[-1].keys()
    assert Interaction.objects.get(mobius_id="int_1").members == ["user_rina"]


def test_a_deactivation_reaches_the_pages_of_the_group_and_of_leads(
    watcher: LogWatcher, heard: list[Changed]
) -> None:
    tell(group_ask("int_3"))
    rina = User.objects.get(username="rina")
    rina.is_active = False
    rina.save()
    item = Interaction.objects.get(mobius_id="int_3")
    upstream = Upstream.current()
    entry = Entry(
        verb="release", upstream=upstream, actor="user_rina", item=item, value={"by": "admin"}
    )
    decision_log.append(entry)
    heard.clear()
    watcher.check()
    topics = {topic for changed in heard for topic in changed}
    assert {"runs", "item:int_3", "inbox:user_sam", "inbox:user_lee"} <= topics
