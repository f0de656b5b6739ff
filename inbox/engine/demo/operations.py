"""Networks, databases, halls."""

from datetime import datetime, timedelta

from inbox.engine.demo.bodies import (
    Post,
    ask,
    confirm,
    question,
    run,
    say,
    select,
    stamp,
    standalone,
    text,
)
from inbox.engine.demo.cast import APPROVERS, CHANGE_BOARD, LEE, SAM

_FIREWALL = {
    "rule": {
        "name": "stockroom-to-label-service",
        "direction": "egress",
        "source": {
            "zone": "warehouse",
            "networks": ["10.20.4.0/24", "10.20.5.0/24"],
            "hosts": {"label-printers": 14, "gateways": ["lp-gw-1", "lp-gw-2"]},
        },
        "destination": {
            "zone": "internet",
            "endpoints": [
                {"host": "labels.brisk-otter.example", "ports": [443], "tls": {"minimum": "1.3"}},
                {
                    "host": "status.brisk-otter.example",
                    "ports": [443, 8443],
                    "tls": {"minimum": "1.2", "exception": {"until": "2027-03-31", "by": "Sam"}},
                },
            ],
        },
        "logging": {"sampled": True, "rate": 0.05, "keep": {"days": 30, "place": "log archive"}},
    },
    "tests": {
        "simulated_flows": 1840,
        "blocked_before": 212,
        "blocked_after": 0,
        "unexpected": [],
    },
    "ticket": "https://desk.quillmoor.example/changes/3307",
}


def firewall_rule(now: datetime) -> Post:
    """Any approver opens a way through the firewall."""
    return run(
        "firewall-change",
        say("simulate", "1840 flows simulated, none blocked that should pass"),
        ask(
            "approve-rule",
            question(
                "approval",
                APPROVERS,
                "Let the label printers reach the carrier's new service?\n\n"
                "The old service ends on Monday. The rule opens TLS to two hosts from the "
                "warehouse only.",
                confirm(default=True),
                _FIREWALL,
            ),
            "26h",
        ),
        say("apply", "Rule stockroom-to-label-service is active"),
        by=LEE,
        about="Simulate, approve, apply",
    )


def maintenance_window(now: datetime) -> Post:
    """An approver picks when the database may be away."""
    return run(
        "database-upgrade",
        say("rehearse", "Rehearsed on a copy: 11 minutes, 4 of them read-only"),
        ask(
            "pick-window",
            question(
                "input",
                APPROVERS,
                "When may the order database be read-only for ten minutes?\n\n"
                "Customers can look and fill baskets, but not pay.",
                select(
                    ("tue-0400", "Tuesday 04:00", "Quietest hour; nobody of support is there"),
                    ("wed-0530", "Wednesday 05:30", "Support is there; the first parcels wait"),
                    ("sun-0600", "Sunday 06:00", "Support on call; a newsletter goes out at 08:00"),
                    ("none", "None of these", "The upgrade waits for the next round"),
                    default="wed-0530",
                ),
                {
                    "due_at": stamp(now + timedelta(hours=5)),
                    "orders_in_that_window": [
                        {"window": "Tuesday 04:00", "orders_last_week": 9, "support": "on call"},
                        {"window": "Wednesday 05:30", "orders_last_week": 31, "support": "there"},
                        {"window": "Sunday 06:00", "orders_last_week": 22, "support": "on call"},
                    ],
                    "version": {"before": "15.8", "after": "17.2"},
                    "rehearsal": "https://watch.quillmoor.example/rehearsals/204",
                },
            ),
            "49h",
        ),
        say("book", "Window ${steps.pick-window.value} is booked"),
        by=SAM,
    )


def printer_risks(now: datetime) -> Post:
    """Each of the change board names a risk in their own words."""
    return standalone(
        question(
            "input",
            CHANGE_BOARD,
            "One risk that you see in the new label printers?\n\n"
            "Hall 2 moves first, in the second week of January. One sentence each is enough.",
            text(placeholder="What could go wrong, and how we would notice"),
            {"halls": ["Hall 2", "Hall 1", "Returns"], "printers": {"before": 9, "after": 14}},
        )
    )
