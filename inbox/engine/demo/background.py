"""Runs that ask nobody anything just now: done, failed, asleep, waiting for a machine."""

from datetime import datetime

from inbox.engine.demo.bodies import Post, ask, confirm, question, rest, run, say, step, wait
from inbox.engine.demo.cast import LEE, RINA, SAM, TESS


def all_of_them(now: datetime) -> tuple[Post, ...]:
    """One run for each state that a run without a question can be in."""
    send = question(
        "approval",
        LEE,
        "Send the winter newsletter to 18,400 readers?\n\nThe trial to 200 readers has run.",
        confirm(),
        {"opened_in_the_trial": "41 %", "signed_off_in_the_trial": 0},
    )
    return (
        run(
            "nightly-stock-count",
            say("count", "61,204 pieces counted, 12 differ"),
            say("correct", "12 lines corrected"),
            by="svc-nightly",
        ),
        run(
            "price-import",
            say("fetch", "Fetched 412 prices"),
            step(
                "check",
                {
                    "action": "fail",
                    "parameters": {"message": "Line 88 has a price without a currency"},
                },
            ),
            say("store", "Stored"),
            by=RINA,
        ),
        run(
            "newsletter",
            say("trial", "Sent to 200 readers"),
            rest("let-them-read", "20m", "Twenty minutes for the trial"),
            ask("send", send, "6h"),
            say("sent", "Sent to 18,400 readers"),
            by=TESS,
        ),
        run(
            "carrier-pickup",
            say("announce", "38 parcels announced"),
            wait("wait-for-scan", "pickup-scanned", "The driver's scanner tells us"),
            say("close", "Picked up"),
            by=SAM,
        ),
    )
