"""What has been answered already."""

from datetime import datetime

from inbox.engine.demo.bodies import Answer, Post, confirm, question, select, standalone
from inbox.engine.demo.cast import RINA, SAM
from inbox.engine.demo.words import VERDICTS


def answered(now: datetime) -> tuple[Post, ...]:
    """What has been answered already, so that *Done* is not empty."""
    return (
        standalone(
            question(
                "review",
                RINA,
                "How is the text for the travel ink well?",
                select(*VERDICTS),
                {"article": "Travel ink well, brass"},
            ),
            answer=Answer("publish-with-edits", "“Leak-free” promises too much: “tight”."),
        ),
        standalone(
            question(
                "approval",
                RINA,
                "Refund €612.00 for order Q-47988?",
                confirm(),
                {"amount": "€612.00", "reason": "Parcel lost by the carrier"},
            ),
            answer=Answer(True, "Carrier has confirmed the loss."),
        ),
        standalone(
            question(
                "input",
                SAM,
                "Which gateway takes the label queue tonight?",
                select(("lp-gw-1", "lp-gw-1"), ("lp-gw-2", "lp-gw-2")),
            ),
            answer=Answer("lp-gw-2"),
        ),
    )
