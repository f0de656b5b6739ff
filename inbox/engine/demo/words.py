"""Texts: product copy, terms, notes, an audit."""

from datetime import datetime

from inbox.engine.demo.bodies import Post, ask, question, run, say, select, standalone, text
from inbox.engine.demo.cast import APPROVERS, CHANGE_BOARD, LEE, RINA, TESS

VERDICTS = (
    ("publish", "Publish", "Goes live as it is"),
    (
        "publish-with-edits",
        "Publish with edits",
        "Say in the comment what to change; goes live then",
    ),
    ("revise", "Send back", "The writer works on it and asks again"),
    ("reject", "Reject", "It does not go live at all"),
)

_COPY = """\
The Meridian is a fountain pen for people who write every day. Its barrel is turned from one rod \
of resin, its nib is made of steel and ground by hand in three widths. It holds 1.4 ml of ink, \
which is enough for about sixty pages, and it can be filled from any bottle.

We tried the Meridian for a year before we sold it. It has been dropped from a desk four hundred \
times and left open over forty weekends: it starts at the first stroke. Should it ever not, we \
repair it for as long as we exist.

In the box: the pen, a bottle of blue-black ink, a cloth and a card on which you can write your \
first sentence. The cloth is woven from the remainders of our apron fabric, so each one looks a \
little different from the one in the picture.
"""


def product_copy(now: datetime) -> Post:
    """Rina gives one of four verdicts on a text."""
    return run(
        "product-copy-review",
        say("check-spelling", "Spelling and length are fine"),
        ask(
            "review-copy",
            question(
                "review",
                RINA,
                "How is the text for the Meridian fountain pen?\n\n"
                "It goes live with the product tomorrow morning.",
                select(*VERDICTS),
                {
                    "article": "Meridian, resin, 4 colours",
                    "words": 148,
                    "reading_ease": {"before": 54, "after": 67},
                    "text": _COPY,
                    "preview": "https://preview.quillmoor.example/meridian",
                },
            ),
            "7h",
        ),
        say("route", "Verdict: ${steps.review-copy.value}"),
        by=TESS,
        about="Every product text is read by a second person",
    )


def return_terms(now: datetime) -> Post:
    """Lee looks over changed terms; nothing waits for it."""
    return standalone(
        question(
            "review",
            LEE,
            "Is the new wording of the return terms fine?",
            select(
                ("fine", "Fine"),
                ("unclear", "Unclear", "Say which sentence"),
                ("ask-counsel", "Counsel should see it"),
            ),
            {
                "section": "4.2",
                "wording": {
                    "before": "Goods may be returned within 14 days of delivery.\n"
                    "The customer bears the cost of returning them.\n"
                    "Engraved goods cannot be returned.",
                    "after": "Goods may be returned within 30 days of delivery.\n"
                    "We bear the cost of returning them from within the country.\n"
                    "Engraved goods cannot be returned, unless we made the mistake.",
                },
            },
        )
    )


def release_note(now: datetime) -> Post:
    """Any approver words what customers read in the app store."""
    return run(
        "app-release",
        say("build", "Shop app 3.9 built and signed"),
        ask(
            "word-note",
            question(
                "input",
                APPROVERS,
                "Two sentences for the release note of the shop app 3.9\n\n"
                "For customers: what they can do now, not how it was built.",
                text(
                    default="You can now extend the reservation of your basket once. ",
                    placeholder="What customers can do now",
                    multiline=True,
                ),
                {
                    "changes": [
                        "Reservation of a basket can be extended once",
                        "Engraving preview shows the real typeface",
                        "Fixed: the app forgot the chosen pick-up shop",
                    ],
                    "last_note": "Search by the colour of the ink. Faster start on older phones.",
                    "longest": "500 characters",
                },
            ),
            "30h",
        ),
        say("submit", "Sent to the store"),
        by=RINA,
    )


def accessibility(now: datetime) -> Post:
    """Each of the change board judges an audit."""
    return standalone(
        question(
            "review",
            CHANGE_BOARD,
            "What do we make of the audit of the help pages?\n\n"
            "Each of you answers; the answers go to the team together.",
            select(
                ("act-now", "Act now", "The next two weeks are for this"),
                ("plan", "Plan it", "In the plan for the first quarter"),
                ("accept", "Accept as it is"),
            ),
            {
                "findings": [
                    {
                        "page": "Filling a converter",
                        "finding": "Film without text",
                        "severity": "high",
                    },
                    {"page": "Returns", "finding": "Form loses focus", "severity": "high"},
                    {"page": "All", "finding": "Search has no label", "severity": "medium"},
                    {"page": "Glossary", "finding": "Contrast 4.1", "severity": "low"},
                ],
                "audit": "https://files.quillmoor.example/audits/help-2026",
            },
        )
    )
