from datetime import UTC, datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.mobius.types import RunStatus
from inbox.models import Draft, Group, Membership, Notice, Reviewer, Upstream
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, event, group_ask, run, step
from tests.support.tampering import wait_for_anchor
from tests.web.cast import sign_in, soon, tell

PAGES = {
    ("rina", "/inbox/"): 16,
    ("rina", "/inbox/?type=approval"): 16,
    ("rina", "/inbox/?target=mine&q=pay"): 17,
    ("rina", "/inbox/?drafts=yes"): 14,
    ("rina", "/inbox/?scope=claimed"): 12,
    ("rina", "/inbox/?scope=done"): 14,
    ("rina", "/search/?q=pay"): 14,
    ("rina", "/inbox/focus/?order=1&item=int_one"): 21,
    ("rina", "/inbox/focus/?order=1"): 11,
    ("rina", "/interactions/int_one/"): 27,
    ("rina", "/interactions/int_group/"): 29,
    ("tess", "/interactions/int_group/"): 22,
    ("rina", "/interactions/int_1/templates"): 11,
    ("rina", "/interactions/int_1/similar"): 13,
    ("rina", "/runs/"): 14,
    ("rina", "/runs/run_one/"): 17,
    ("tess", "/runs/"): 14,
    ("tess", "/runs/run_one/"): 19,
    ("tess", "/runs/blocked/"): 13,
    ("tess", "/groups/"): 14,
    ("tess", "/groups/change-board/"): 25,
    ("tess", "/decisions/"): 23,
    ("tess", "/insights/"): 17,
    ("rina", "/notifications/"): 13,
    ("rina", "/drafts/"): 11,
    ("rina", "/account/"): 13,
}

COUNTED_BY_ROWS = {
    ("rina", "/inbox/"),
    ("rina", "/search/?q=pay"),
    ("rina", "/interactions/int_one/"),
    ("rina", "/interactions/int_group/"),
}
"""A list that fits on its page is counted by its rows, and leads to no more: one query fewer."""


def grow(first: int, last: int) -> None:
    upstream, now = Upstream.current(), datetime.now(UTC)
    for n in range(first, last):
        about = {"run_id": f"run_{n}", "workflow": f"pay-{n}", "signal_name": f"interaction:{n}"}
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
        Draft.objects.create(
            reviewer=Reviewer.objects.get(user__username="rina"),
            upstream=upstream,
            interaction_id=f"int_{n}",
            comment="So far",
            form=f"form_{n}",
            updated_at=now,
        )
    members = [RINA, SAM, LEE, *(f"user_{n}" for n in range(last))]
    board, _ = Group.objects.get_or_create(
        upstream=upstream, mobius_id="grp_board", handle="change-board", name="Change board"
    )
    for member in members:
        Membership.objects.get_or_create(group=board, user_id=member)
    tell(
        run("run_one", status=RunStatus.SUSPENDED),
        ask("int_one", run_id="run_one", signal_name="interaction:int_one"),
        group_ask("int_group", last, run_id="run_one", members=tuple(members)),
    )


def queries() -> dict[tuple[str, str], list[str]]:
    # Pages about the decision log compare it with the heads that are in the file by then.
    wait_for_anchor()
    asked = {}
    for name, path in PAGES:
        browser = sign_in(name)
        browser.get(path)
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        asked[name, path] = [query["sql"] for query in captured]
    return asked


def test_a_page_takes_a_fixed_number_of_queries(people: None) -> None:
    grow(1, 3)
    few = queries()
    grow(3, 30)
    many = queries()
    assert {page: len(asked) for page, asked in many.items()} == PAGES
    fewer = {page: len(asked) + (page in COUNTED_BY_ROWS) for page, asked in few.items()}
    assert fewer == PAGES
    for page, asked in many.items():
        assert sum('SELECT "inbox_upstream"' in query for query in asked) == 1, page
