"""Who opens the pages, and a browser without scripts for each."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from inbox.mirror import project
from inbox.mirror.snapshots import Payload
from inbox.models import Reviewer, Upstream
from inbox.people.demo import CAST
from tests.support.people import make_people

HTMX = {"HX-Request": "true"}


def sign_in(username: str, **options: Any) -> Client:
    """A signed-in browser of one of the cast."""
    client = Client(**options)
    client.force_login(
        Reviewer.objects.get(user__username=username).user,
        backend="inbox.people.backend.ReviewerBackend",
    )
    return client


def stranger(username: str = "mallory") -> Client:
    """Somebody with an account and a Mobius id whom nothing was asked."""
    user = get_user_model().objects.create_user(username, password="demo")
    Reviewer.objects.filter(user=user).update(mobius_id=f"user_{username}")
    return sign_in(username)


def tell(*payloads: Payload, **how: Any) -> None:
    """Put what upstream would tell into the mirror."""
    project.apply(Upstream.present(), payloads, read_at=datetime.now(UTC), **how)


def soon(**length: float) -> datetime:
    """So long from now; negative for the past."""
    return datetime.now(UTC) + timedelta(**length)


def part(target: str, page: str = "http://testserver/inbox/") -> dict[str, str]:
    """The headers of a swap that asks for one element."""
    return {**HTMX, "HX-Target": f"div#{target}", "HX-Current-URL": page}


def people() -> None:
    """The demo's people, each with a token that no Mobius has seen."""
    make_people(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})
