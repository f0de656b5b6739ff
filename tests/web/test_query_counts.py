"""How many queries each page takes: a fixed number, whatever the rows and members."""

from datetime import UTC, datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.mobius.types import RunStatus
from inbox.models import Draft, Group, Membership, Notice, Reviewer, Upstream
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, event, group_ask, run, step
from tests.web.cast import sign_in, soon, tell

PAGES = {
    ("rina", "/inbox/"): 16,
    ("rina", "/inbox/?type=approval"): 16,
    ("rina", "/inbox/?target=mine&q=pay"): 17,
    ("rina", "/inbox/?drafts=yes"): 14,
    ("rina", "/inbox/?scope=claimed"): 12,
    ("rina", "/inbox/?scope=done"): 14,
    ("rina", "/search/?q=pay"): 14,
    ("rina", "/inbox/focus/?order=1&item=int_one"): 20,
    ("rina", "/inbox/focus/?order=1"): 11,
    ("rina", "/interactions/int_one/"): 27,
    ("rina", "/interactions/int_group/"): 29,
    ("tess", "/interactions/int_group/"): 22,
    ("rina", "/interactions/int_1/templates"): 14,
    ("rina", "/interactions/int_1/similar"): 13,
    ("rina", "/runs/"): 14,
    ("rina", "/runs/run_one/"): 17,
    ("tess", "/runs/"): 14,
    ("tess", "/runs/run_one/"): 20,
    ("tess", "/runs/blocked/"): 12,
    ("tess", "/groups/"): 14,
    ("tess", "/groups/change-board/"): 25,
    ("tess", "/decisions/"): 23,
    ("tess", "/insights/"): 17,
    ("rina", "/notifications/"): 11,
    ("rina", "/drafts/"): 11,
    ("rina", "/account/"): 11,
}

COUNTED_BY_ROWS = {
    ("rina", "/inbox/"),
    ("rina", "/search/?q=pay"),
    ("rina", "/interactions/int_one/"),
    ("rina", "/interactions/int_group/"),
}
"""A list that fits on its page is counted by its rows, and leads to no more: one query fewer."""


def grow(first: int, last: int) -> None:
    """More of everything that a page lists."""
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
    """What each page asks the database, opened for the second time."""
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
    for page, many in queries().items():
        assert len(many) == PAGES[page], "\n".join((*page, *many))
        saved = 1 if page in COUNTED_BY_ROWS else 0
        assert sum('SELECT "inbox_upstream"' in query for query in many) == 1, page
        assert len(few[page]) == PAGES[page] - saved, "\n".join((*page, *few[page]))
