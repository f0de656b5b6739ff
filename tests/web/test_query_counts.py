"""How many queries each page takes: a fixed number, whatever the rows and members."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.mobius.types import RunStatus
from inbox.models import Group, Membership, Notice, Reviewer, Upstream
from tests.mirror.things import LEE, RINA, SAM, answered, ask, event, group_ask, run, step
from tests.web.cast import sign_in, soon, tell

PAGES = {
    ("rina", "/inbox/"): 9,
    ("rina", "/inbox/?type=approval"): 9,
    ("rina", "/inbox/?target=mine&q=pay"): 7,
    ("rina", "/inbox/?scope=claimed"): 7,
    ("rina", "/inbox/?scope=done"): 7,
    ("rina", "/interactions/int_one/"): 18,
    ("rina", "/interactions/int_group/"): 20,
    ("tess", "/interactions/int_group/"): 17,
    ("rina", "/runs/"): 8,
    ("rina", "/runs/run_one/"): 11,
    ("tess", "/runs/"): 8,
    ("tess", "/runs/run_one/"): 15,
    ("tess", "/runs/blocked/"): 7,
    ("tess", "/groups/"): 10,
    ("tess", "/groups/change-board/"): 22,
    ("tess", "/decisions/"): 19,
    ("tess", "/insights/"): 13,
    ("rina", "/notifications/"): 6,
    ("rina", "/account/"): 9,
}


def grow(first: int, last: int) -> None:
    """More of everything that a page lists."""
    upstream, now = Upstream.present(), datetime.now(UTC)
    for n in range(first, last):
        about = {"run_id": f"run_{n}", "workflow": f"pay-{n}"}
        waiting = ask(f"int_{n}", message=f"Pay {n}?", expires_at=soon(days=n), **about)
        shared = group_ask(f"int_g{n}", message=f"Pay {n}?", run_id="run_one")
        free = group_ask(f"int_f{n}", message=f"Pay {n}?", policy={"kind": "any"})
        tell(
            run(f"run_{n}", status=RunStatus.SUSPENDED, workflow=f"pay-{n}"),
            waiting,
            shared,
            free,
            step(f"step_{n}", run_id="run_one"),
            answered(ask(f"int_d{n}", **about), RINA, n),
            event(100 + n, shared),
        )
        Notice.objects.create(
            reviewer=Reviewer.objects.get(user__username="rina"),
            upstream=upstream,
            interaction_id=f"int_{n}",
            at=now,
            kind=Notice.Kind.NUDGE,
            sender_name="Tess",
        )
    members = [RINA, SAM, LEE, *(f"user_{n}" for n in range(last))]
    board, _ = Group.objects.get_or_create(
        upstream=upstream, mobius_id="grp_board", handle="change-board", name="Change board"
    )
    for member in members:
        Membership.objects.get_or_create(group=board, user_id=member)
    tell(
        run("run_one", status=RunStatus.SUSPENDED),
        ask("int_one", run_id="run_one"),
        group_ask("int_group", last, run_id="run_one", members=tuple(members)),
    )


@pytest.mark.parametrize(("name", "path"), PAGES)
def test_a_page_takes_a_fixed_number_of_queries(people: None, name: str, path: str) -> None:
    browser = sign_in(name)

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        return [query["sql"] for query in captured]

    grow(1, 3)
    browser.get(path)
    few = queries()
    grow(3, 30)
    many = queries()
    assert len(many) == len(few), "\n".join(many)
    assert len(many) == PAGES[name, path], "\n".join(many)
