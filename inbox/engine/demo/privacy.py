"""Personal data, access and what customers must be told."""

from datetime import datetime, timedelta

from inbox.engine.demo.bodies import (
    Post,
    ask,
    confirm,
    multi_select,
    question,
    run,
    say,
    stamp,
    wait,
)
from inbox.engine.demo.cast import APPROVERS, LEE, RINA, SAM, TESS


def data_deletion(now: datetime) -> Post:
    """Rina chooses what is deleted."""
    return run(
        "data-deletion",
        say("identify", "Request DR-2210 confirmed by e-mail and by order number"),
        say("collect", "Records found in 6 systems"),
        ask(
            "choose-records",
            question(
                "input",
                RINA,
                "What do we delete for request DR-2210?\n\n"
                "A customer asked for everything to be deleted. Tick what goes; the rest must have "
                "a reason to stay.",
                multi_select(
                    ("profile", "Customer profile", "Name, addresses, birthday"),
                    ("wishlist", "Wish lists", "3 lists, 41 articles"),
                    ("newsletter", "Newsletter history", "212 openings since 2021"),
                    ("support", "Support conversations", "5, the last one 8 months ago"),
                    ("reviews", "Product reviews", "2, would stay without the name"),
                    ("invoices", "Invoices", "11, the law keeps them for ten years"),
                    default=("profile", "wishlist", "newsletter"),
                ),
                {
                    "due_at": stamp(now + timedelta(hours=3)),
                    "request": "DR-2210",
                    "received": f"{now - timedelta(days=26):%d %B}, 26 days ago",
                    "lawful_limit": "30 days",
                    "open_orders": 0,
                    "systems": {
                        "shop": {"profile": 1, "wishlist": 3, "reviews": 2},
                        "mail": {"newsletter": 212, "bounces": 1},
                        "desk": {"conversations": 5, "attachments": 9},
                        "ledger": {"invoices": 11, "keep_until": "2034-12-31"},
                    },
                },
            ),
            "76h",
        ),
        say("delete", "Deletion ordered for ${steps.choose-records.value}"),
        by=LEE,
        about="The law gives us 30 days",
    )


def recall_note(now: datetime) -> Post:
    """Lee chooses where a recall is told; the run waits without a limit."""
    return run(
        "product-recall",
        say("stop-sale", "Ink bottle 50 ml, batch 2640, is off sale"),
        wait("wait-for-places", "places-chosen"),
        say("tell", "The recall is being told"),
        by=TESS,
        asks=(
            {
                **question(
                    "input",
                    LEE,
                    "Where do we tell about the recalled ink bottle?\n\n"
                    "The cap of batch 2640 may leak. 312 bottles were sold, 298 buyers are known.",
                    multi_select(
                        ("mail", "E-mail to the known buyers"),
                        ("shop", "Note on the article's page"),
                        ("home", "Note on the start page"),
                        ("shops", "Poster for the pick-up shops"),
                    ),
                    {"batch": 2640, "sold": 312, "known_buyers": 298},
                ),
                "signal_name": "places-chosen",
            },
        ),
    )


def access_review(now: datetime) -> Post:
    """Any approver says which service accounts keep their rights."""
    return run(
        "access-review",
        say("list", "7 service accounts have administrator rights in the stockroom"),
        ask(
            "keep-rights",
            question(
                "input",
                APPROVERS,
                "Which service accounts keep administrator rights in the stockroom?\n\n"
                "Those not ticked fall back to reading, tonight.",
                multi_select(
                    ("svc-labels", "svc-labels", "Used today, prints labels"),
                    ("svc-nightly", "svc-nightly", "Used last night, counts stock"),
                    ("svc-returns", "svc-returns", "Used 3 days ago"),
                    ("svc-import-old", "svc-import-old", "Not used for 211 days"),
                    ("svc-pilot", "svc-pilot", "Used today, the scanner pilot"),
                    ("svc-report", "svc-report", "Not used for 40 days, only ever read"),
                    ("svc-move", "svc-move", "Not used since the move"),
                    default=("svc-labels", "svc-nightly"),
                ),
                {
                    "due_at": stamp(now + timedelta(hours=6)),
                    "last_review": "90 days ago",
                    "rights_removed_then": 4,
                },
            ),
            "25h",
        ),
        say("apply", "Rights kept by ${steps.keep-rights.value}"),
        by=TESS,
    )


def portal_account(now: datetime) -> Post:
    """Sam lets a supplier back in; the run waits for as long as that takes."""
    return run(
        "supplier-access",
        say("lock", "Account of Brisk Otter Freight locked after 5 wrong passwords"),
        wait("wait-for-decision", "account-decision", "Stays locked until somebody decides"),
        say("done", "Decision recorded"),
        by=TESS,
        asks=(
            {
                **question(
                    "approval",
                    SAM,
                    "Unlock the portal account of Brisk Otter Freight?\n\n"
                    "Their dispatch called from the number in the contract and asked for it.",
                    confirm(),
                    {
                        "supplier": "Brisk Otter Freight",
                        "locked": "after 5 wrong passwords in 2 minutes",
                        "from": "the network they always use",
                        "contract": "https://files.quillmoor.example/contracts/0871",
                    },
                ),
                "signal_name": "account-decision",
            },
        ),
    )
