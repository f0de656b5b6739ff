"""Incidents: what happened, and who sees to it."""

from datetime import datetime, timedelta

from inbox.engine.demo.bodies import (
    Post,
    ask,
    question,
    rest,
    run,
    say,
    select,
    stamp,
    standalone,
    text,
)
from inbox.engine.demo.cast import APPROVERS, RINA, SAM

_POST_MORTEM = """\
Is the report on the card payments of Monday complete?

## What happened

On Monday, between 16:02 and 16:49, **one card payment in five failed**. Customers saw *Please try \
again*; those who did paid once, as they should. Nobody was charged twice.

## Why

1. The payment service got a new certificate at 16:00.
2. Three of the fifteen checkout nodes had the old one pinned since the move in spring.
3. The alarm looks at the *mean* of all nodes, which stayed under its threshold.

> A pinned certificate is a promise to remember something. We did not.

## What it cost

| | failed | tried again | lost |
|---|---|---|---|
| Baskets | 412 | 388 | 24 |
| Turnover | €21,830 | €20,410 | €1,420 |

## What we change

- **done:** the pins are gone
- **done:** alarms look at the worst node, not at the mean
- certificates are renewed on one node first
- `shipit doctor` warns about pins:

```python
for node in nodes:
    if node.pinned and node.pin_age > timedelta(days=30):
        warn(f"{node.name} pins a certificate since {node.pinned:%d %B}")
```

The [whole log](https://watch.quillmoor.example/incidents/412) has every step with its time.
"""


def post_mortem(now: datetime) -> Post:
    """An approver closes a report, which is long."""
    return run(
        "incident-report",
        say("collect", "Timeline of incident 412 collected from 5 places"),
        ask(
            "review-report",
            question(
                "review",
                APPROVERS,
                _POST_MORTEM,
                select(
                    ("complete", "Complete", "It is published inside the company"),
                    ("gaps", "Has gaps", "Say in the comment what is missing"),
                    ("wrong", "Is wrong", "It is written anew"),
                ),
                {"incident": 412, "severity": "high", "duration": "47 minutes"},
            ),
            "50h",
        ),
        rest("settle", "30m", "Time for late remarks"),
        say("publish", "Report on incident 412: ${steps.review-report.value}"),
        by=SAM,
    )


def incident_summary(now: datetime) -> Post:
    """Rina writes what happened; the soft deadline is past, the hard one is not."""
    return run(
        "incident-followup",
        say("open", "Incident 417 opened by the alarm of the label service"),
        say("close", "Incident 417 closed after 38 minutes"),
        ask(
            "summarise",
            question(
                "input",
                RINA,
                "Summarise incident 417 for the morning round\n\n"
                "What customers noticed, why it happened, what is done about it. Ten lines are "
                "plenty.",
                text(
                    placeholder="Customers noticed …\nIt happened because …\nWe have …",
                    multiline=True,
                ),
                {
                    "due_at": stamp(now - timedelta(minutes=25)),
                    "incident": 417,
                    "parcels_delayed": 164,
                    "timeline": [
                        {"time": "06:12", "event": "Label service answers slowly"},
                        {"time": "06:20", "event": "Alarm, Sam is called"},
                        {"time": "06:31", "event": "Queue moved to the second gateway"},
                        {"time": "06:50", "event": "Last waiting label printed"},
                    ],
                    "log": "https://watch.quillmoor.example/incidents/417",
                },
            ),
            "5h",
        ),
        say("send", "Summary sent to the morning round"),
        by=SAM,
        inputs={"incident": 417},
    )


def incident_owner(now: datetime) -> Post:
    """Rina names somebody; nothing waits for it."""
    return standalone(
        question(
            "input",
            RINA,
            "Who owns the follow-up of incident 412?",
            text(placeholder="One name or one team"),
            {
                "incident": 412,
                "open_tasks": 2,
                "report": "https://watch.quillmoor.example/incidents/412",
            },
        )
    )
