from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from inbox.engine import stories
from inbox.engine.actions.provision import BegunOtherwise
from inbox.engine.actions.provision import provision as provision_engine
from inbox.engine.stories import asking
from inbox.people import demo

REVIEWER_ID = "user_rina"
MEMBERS = {user_id.removeprefix("user_"): user_id for user_id in stories.PEOPLE}
"""The IDs of the demo's people by their usernames."""


def provision() -> None:
    """Raises CommandError if the folder began with another ``ENGINE_API``."""
    try:
        provision_engine(
            handle=settings.MOBIUS_PROJECT,
            api=settings.ENGINE_API,
            people=stories.PEOPLE,
            groups=stories.GROUPS,
            keep_groups=True,
            service_key=settings.SECRETS.service_key(),
            member_tokens=_tokens(),
        )
    except BegunOtherwise as begun:
        raise CommandError(
            f"The data folder {settings.DATA_DIR} began with ENGINE_API={begun}, and its questions "
            f"can't be shown with ENGINE_API={settings.ENGINE_API}: choose another DATA_DIR, or "
            f"start with ENGINE_API={begun}."
        ) from None


def make_people() -> None:
    demo.make_demo(tokens=_tokens())


def _tokens() -> dict[str, str]:
    return {user_id: settings.SECRETS.member_token(user_id) for user_id in stories.PEOPLE}


def exports(engine: str) -> list[str]:
    """Lines for a shell. Generation C has no projects."""
    project = [f"export PROJECT={settings.MOBIUS_PROJECT}"] if settings.ENGINE_API != "c" else []
    return [
        f"export MOBIUS_BASE_URL={engine}",
        f"export MOBIUS_API_KEY={settings.SECRETS.service_key()}",
        *project,
        f"export REVIEWER_ID={REVIEWER_ID}",
    ]


def top_up() -> None:
    """Unless some questions are open."""
    if not asking.has_open(settings.MOBIUS_PROJECT):
        for post in stories.morning(timezone.now(), settings.ENGINE_API):
            asking.send(settings.MOBIUS_PROJECT, post)
