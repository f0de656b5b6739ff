"""Money: refunds, invoices, prices, suppliers."""

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
)
from inbox.engine.demo.cast import APPROVERS, CHANGE_BOARD, LEE, RINA, SAM, TESS

CARRIERS = (
    ("brisk-otter", "Brisk Otter Freight", "Now: 2.1 days, 0.6 % damaged"),
    ("amber-post", "Amber Post", "2.6 days, 0.4 % damaged"),
    ("northlight", "Northlight Parcels", "1.9 days, 0.9 % damaged"),
    ("tidelane", "Tidelane", "3.0 days, 0.3 % damaged, by sea"),
    ("fleetfoot", "Fleetfoot", "1.4 days, dearest"),
    ("harrow", "Harrow & Lane", "2.4 days, only whole pallets"),
    ("kittiwake", "Kittiwake Express", "1.7 days, no islands"),
    ("mossline", "Mossline", "2.8 days, all electric"),
    ("foldboat", "Foldboat", "2.2 days, letters up to 1 kg"),
    ("quickquay", "Quickquay", "2.0 days, pick-up shops only"),
    ("redwillow", "Redwillow Logistics", "2.5 days"),
    ("saltmarsh", "Saltmarsh Carriers", "2.9 days, cheapest"),
    ("turnpike", "Turnpike", "2.3 days"),
    ("underhill", "Underhill Transport", "2.7 days, heavy goods"),
    ("waymark", "Waymark", "2.1 days, returns included"),
    ("overyonder", "Overyonder", "3.2 days, everywhere"),
)


def refund(now: datetime) -> Post:
    """Rina decides a large refund within minutes."""
    return run(
        "refund-over-limit",
        say("check-order", "Order Q-48213 paid, delivered, returned complete"),
        ask(
            "approve-refund",
            question(
                "approval",
                RINA,
                "Refund €4,180.00 for order Q-48213?\n\n"
                "A school returned 220 engraved pens: the name is misspelt, and the mistake was "
                "ours. The bank's window for today closes soon.",
                confirm(),
                {
                    "amount": "€4,180.00",
                    "limit_without_approval": "€500.00",
                    "customer": "School, customer since 2019, 14 orders, no refund before",
                    "order": "https://desk.quillmoor.example/orders/Q-48213",
                    "returned": [
                        {"article": "Fountain pen M, blue", "pieces": 120, "price": "€19.00"},
                        {"article": "Fountain pen M, red", "pieces": 100, "price": "€19.00"},
                    ],
                },
            ),
            "8m",
        ),
        say("pay-out", "Refund of €4,180.00 sent to the bank"),
        by=LEE,
        about="Refunds over €500 need a second person",
        inputs={"order": "Q-48213", "amount_cents": 418000},
    )


def invoice(now: datetime) -> Post:
    """Any approver lets an invoice pass, then Tess signs it."""
    sign = question(
        "approval",
        TESS,
        "Sign the payment of €23,940.60 to Halvendeel Paper?\n\n"
        "An approver has checked delivery and price.",
        confirm(),
        {"invoice": "HP-20931", "amount": "€23,940.60"},
    )
    return run(
        "invoice-approval",
        say("match-delivery", "Invoice HP-20931 matched with delivery 7719: 2 lines differ"),
        ask(
            "approve-invoice",
            question(
                "approval",
                APPROVERS,
                "Pay invoice HP-20931 of Halvendeel Paper, €23,940.60?\n\n"
                "It is over the limit of €20,000, and the price of one line is 3 % above the "
                "contract: paper for the spring catalogue, ordered late.",
                confirm(),
                {
                    "supplier": "Halvendeel Paper",
                    "amount": {"from": "€23,243.30", "to": "€23,940.60"},
                    "limit": "€20,000.00",
                    "discount_until": f"{now + timedelta(days=2):%d %B}",
                    "lines": [
                        {"line": "Laid paper 90 g, A2", "ordered": 40000, "delivered": 40000},
                        {"line": "Cover board 300 g", "ordered": 6000, "delivered": 5800},
                        {"line": "Express surcharge", "ordered": 0, "delivered": 1},
                    ],
                    "documents": [
                        "https://files.quillmoor.example/invoices/HP-20931",
                        "https://files.quillmoor.example/deliveries/7719",
                    ],
                },
            ),
            "28h",
        ),
        ask("sign", sign, "48h", "Over €20,000 the team lead signs"),
        say("pay", "Payment ordered"),
        by=SAM,
        inputs={"invoice": "HP-20931"},
    )


def carrier(now: datetime) -> Post:
    """Rina picks one of many carriers."""
    return run(
        "carrier-contract",
        say("compare", "16 offers compared"),
        ask(
            "pick-carrier",
            question(
                "input",
                RINA,
                "Which carrier takes the parcels to the north from February?\n\n"
                "The contract with Brisk Otter Freight ends in January. Days and damage are the "
                "mean of the last quarter.",
                select(*CARRIERS),
                {
                    "due_at": stamp(now + timedelta(hours=20)),
                    "parcels_a_month": 8600,
                    "present_price": "€4.12",
                    "offers": "https://files.quillmoor.example/tenders/north-2027",
                },
            ),
            "72h",
        ),
        say("tell-carriers", "Contract goes to ${steps.pick-carrier.value}"),
        by=LEE,
    )


def price_change(now: datetime) -> Post:
    """Tess lets new prices go live."""
    return run(
        "price-change",
        say("compute", "412 prices computed, 31 of them change by more than 5 %"),
        ask(
            "approve-prices",
            question(
                "approval",
                TESS,
                "Publish the spring prices on Friday at 06:00?\n\n"
                "31 prices rise by more than 5 %, all of them leather goods.",
                confirm(),
                {
                    "largest_changes": [
                        {"article": "Travel case, calf", "price": {"was": "€89", "now": "€99"}},
                        {"article": "Desk pad, large", "price": {"was": "€129", "now": "€139"}},
                        {"article": "Pen roll", "price": {"was": "€45", "now": "€49"}},
                    ],
                    "margin": {"was": "38.1 %", "now": "39.4 %"},
                },
            ),
            "54h",
        ),
        say("publish", "Prices are live"),
        by=RINA,
    )


def returns_desk(now: datetime) -> Post:
    """Tess gives work to a team, whenever she likes."""
    return standalone(
        question(
            "input",
            TESS,
            "Which team takes the returns desk in the new year?",
            select(
                ("support", "Support", "Knows the customers; short of one person until March"),
                ("warehouse", "Warehouse", "Has the goods in hand; would need training"),
                ("both", "Both, by week", "Costs a handover each Monday"),
            ),
            {"returns_a_week": 340, "hours_a_week": 52},
        )
    )


def packaging(now: datetime) -> Post:
    """Each of the change board votes for a box."""
    return standalone(
        question(
            "input",
            CHANGE_BOARD,
            "Which box for single pens?\n\n"
            "Each of you chooses one. The samples are on the shelf beside the studio.",
            select(
                ("sleeve", "Paper sleeve", "€0.21, 14 g, no plastic, 2 % damaged in the drop test"),
                ("tube", "Card tube", "€0.38, 31 g, no plastic, none damaged"),
                ("box", "Folding box", "€0.29, 26 g, a plastic window, 1 % damaged"),
            ),
            {"pieces_a_year": 61000, "today": "Folding box"},
        )
    )


def scanner_pilot(now: datetime) -> Post:
    """Any approver prolongs a trial."""
    return standalone(
        question(
            "approval",
            APPROVERS,
            "May hall 1 keep the pilot scanner app for another month?\n\n"
            "€240 for 12 devices. Picking errors fell; it is too early to say why.",
            confirm(),
            {
                "picking_errors": {"before": "1.9 %", "after": "1.2 %"},
                "devices": 12,
                "cost": "€240",
            },
        )
    )
