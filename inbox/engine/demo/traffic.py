"""New questions, for as long as one cares to look."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from inbox.engine.demo.bodies import (
    Post,
    ask,
    confirm,
    multi_select,
    question,
    run,
    say,
    select,
    stamp,
    standalone,
    text,
)
from inbox.engine.demo.cast import APPROVERS, CHANGE_BOARD, LEE, RINA, SAM, TESS
from inbox.engine.demo.words import VERDICTS

Story = Callable[[Random, datetime], Post]

_ARTICLES = (
    "Meridian fountain pen",
    "Dot-grid notebook A5",
    "Brass ink well",
    "Pencil case, felt",
    "Blotting paper, 20 sheets",
    "Calligraphy set",
    "Desk calendar",
)
_SERVICES = ("storefront", "checkout", "stockroom", "label-service", "newsletter", "ledger")
_SUPPLIERS = ("Halvendeel Paper", "Brisk Otter Freight", "Copperlight Nibs", "Mossline")
_REASONS = (
    "The parcel was lost by the carrier.",
    "The engraving is misspelt, and the mistake was ours.",
    "Delivered twice, one set came back.",
    "The nib scratches, the second one too.",
)
_PLACES = ("hall 1", "hall 2", "the returns desk", "the pick-up shop")


def traffic(rng: Random, clock: Callable[[], datetime]) -> Iterator[Post]:
    """Believable posts without end. ``clock`` says what time it is when one is taken."""
    while True:
        yield rng.choice(_STORIES)(rng, clock())


def _anybody(rng: Random) -> str:
    return rng.choice((RINA, RINA, SAM, LEE))


def _asker(rng: Random, asked: str) -> str:
    return rng.choice([who for who in (RINA, SAM, LEE, TESS) if who != asked])


def _euros(cents: int) -> str:
    return f"€{cents / 100:,.2f}"


def _refund(rng: Random, now: datetime) -> Post:
    order, amount = f"Q-{rng.randint(48300, 49999)}", _euros(rng.randint(50100, 390000))
    asked = _anybody(rng)
    return run(
        "refund-over-limit",
        say("check-order", f"Order {order} paid and delivered"),
        ask(
            "approve-refund",
            question(
                "approval",
                asked,
                f"Refund {amount} for order {order}?\n\n{rng.choice(_REASONS)}",
                confirm(),
                {
                    "amount": amount,
                    "limit_without_approval": "€500.00",
                    "order": f"https://desk.quillmoor.example/orders/{order}",
                },
            ),
            f"{rng.randint(6, 180)}m",
        ),
        say("pay-out", f"Refund of {amount} sent to the bank"),
        by=_asker(rng, asked),
        inputs={"order": order},
    )


def _invoice(rng: Random, now: datetime) -> Post:
    supplier, amount = rng.choice(_SUPPLIERS), _euros(rng.randint(2000100, 6400000))
    number = f"{supplier[:2].upper()}-{rng.randint(21000, 29999)}"
    return run(
        "invoice-approval",
        say("match-delivery", f"Invoice {number} matched with its delivery"),
        ask(
            "approve-invoice",
            question(
                "approval",
                APPROVERS,
                f"Pay invoice {number} of {supplier}, {amount}?",
                confirm(),
                {"supplier": supplier, "amount": amount, "limit": "€20,000.00"},
            ),
            f"{rng.randint(4, 60)}h",
        ),
        say("pay", "Payment ordered"),
        by=rng.choice((SAM, LEE, TESS)),
    )


def _release(rng: Random, now: datetime) -> Post:
    service, minor = rng.choice(_SERVICES), rng.randint(4, 30)
    before, after = f"5.{minor}.{rng.randint(0, 8)}", f"5.{minor + 1}.0"
    return run(
        f"{service}-release",
        say("canary", f"Canary of {service} {after} ran without a new error"),
        ask(
            "approve-release",
            question(
                "approval",
                CHANGE_BOARD,
                f"Release {service} {after} to production?\n\n"
                f"{rng.randint(2, 25)} changes, all reviewed. Rollback takes 3 minutes.",
                confirm(),
                {
                    "due_at": stamp(now + timedelta(minutes=rng.randint(15, 240))),
                    "version": {"before": before, "after": after},
                    "risks": [
                        {"what": "Slower at first, caches are cold", "level": "low"},
                        {
                            "what": "Older app versions",
                            "level": rng.choice(("low", "medium", "high")),
                        },
                    ],
                },
            ),
            "8h",
        ),
        say("roll-out", f"{service} {after} is everywhere"),
        by=rng.choice((SAM, TESS)),
        inputs={"version": after},
    )


def _copy(rng: Random, now: datetime) -> Post:
    article, asked = rng.choice(_ARTICLES), _anybody(rng)
    return run(
        "product-copy-review",
        say("check-spelling", "Spelling and length are fine"),
        ask(
            "review-copy",
            question(
                "review",
                asked,
                f"How is the text for “{article}”?",
                select(*VERDICTS),
                {"article": article, "words": rng.randint(60, 240)},
            ),
            f"{rng.randint(2, 30)}h",
        ),
        say("route", "Verdict: ${steps.review-copy.value}"),
        by=_asker(rng, asked),
    )


def _incident(rng: Random, now: datetime) -> Post:
    number, service, asked = rng.randint(418, 999), rng.choice(_SERVICES), _anybody(rng)
    return run(
        "incident-followup",
        say("close", f"Incident {number} closed"),
        ask(
            "summarise",
            question(
                "input",
                asked,
                f"Summarise incident {number} ({service})",
                text(placeholder="What customers noticed, why, what is done", multiline=True),
                {"incident": number, "service": service, "minutes": rng.randint(4, 90)},
            ),
            f"{rng.randint(3, 9)}h",
        ),
        say("send", "Summary sent to the morning round"),
        by=_asker(rng, asked),
    )


def _deletion(rng: Random, now: datetime) -> Post:
    number = f"DR-{rng.randint(2211, 2999)}"
    return run(
        "data-deletion",
        say("collect", f"Records for request {number} found"),
        ask(
            "choose-records",
            question(
                "input",
                rng.choice((RINA, APPROVERS)),
                f"What do we delete for request {number}?",
                multi_select(
                    ("profile", "Customer profile"),
                    ("wishlist", "Wish lists"),
                    ("newsletter", "Newsletter history"),
                    ("invoices", "Invoices", "The law keeps them for ten years"),
                    default=("profile", "wishlist", "newsletter"),
                ),
                {"request": number, "open_orders": 0},
            ),
            f"{rng.randint(24, 90)}h",
        ),
        say("delete", "Deletion ordered"),
        by=LEE,
    )


def _small_question(rng: Random, now: datetime) -> Post:
    place = rng.choice(_PLACES)
    asked = rng.choice((RINA, SAM, LEE, TESS, APPROVERS))
    body = rng.choice(
        (
            question(
                "input",
                asked,
                f"Who covers {place} on Saturday?",
                text(placeholder="One name"),
            ),
            question(
                "input",
                asked,
                f"When shall the lights in {place} be changed?",
                select(
                    ("early", "Before opening"), ("late", "After closing"), ("sunday", "Sunday")
                ),
            ),
            question(
                "approval",
                asked,
                f"May {place} order {rng.randint(2, 9)} new label rolls?",
                confirm(),
            ),
        )
    )
    until = now + timedelta(hours=rng.randint(1, 48)) if rng.random() < 0.5 else None
    return standalone(body, until=until)


_STORIES: tuple[Story, ...] = (
    _refund,
    _refund,
    _invoice,
    _release,
    _copy,
    _copy,
    _incident,
    _deletion,
    _small_question,
    _small_question,
)
