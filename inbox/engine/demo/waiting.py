"""What waits in the demo, all of it."""

from datetime import datetime

from inbox.engine.demo import (
    answered,
    background,
    incidents,
    money,
    operations,
    privacy,
    releases,
    words,
)
from inbox.engine.demo.bodies import Post

_ASKING = (
    words.return_terms,
    money.returns_desk,
    money.packaging,
    releases.blocking_checks,
    operations.printer_risks,
    words.accessibility,
    money.scanner_pilot,
    incidents.incident_owner,
    privacy.portal_account,
    privacy.recall_note,
    money.price_change,
    incidents.post_mortem,
    operations.maintenance_window,
    words.release_note,
    privacy.access_review,
    operations.firewall_rule,
    money.invoice,
    money.carrier,
    privacy.data_deletion,
    words.product_copy,
    incidents.incident_summary,
    money.refund,
    releases.storefront_release,
)


def waiting(now: datetime) -> tuple[Post, ...]:
    """Everything to post so that the inbox looks like a working morning at ``now``."""
    return (
        *answered.answered(now),
        *background.all_of_them(now),
        *(story(now) for story in _ASKING),
    )
