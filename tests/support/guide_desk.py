"""Rina's desk in front of a Mobius that offers only what the guide names."""

from datetime import UTC, datetime
from typing import Any

from inbox.mirror import project as mirror
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.models import Interaction, Reviewer, Upstream
from inbox.people import service_key
from inbox.services.credentials import rate_limiter
from tests.support.people import make_people
from tests.upstream import GuideServer

CAST = ("user_rina", "user_sam", "user_lee", "user_tess")


class GuideDesk:
    """``server`` is asked and looked at directly; nothing is in the mirror but what is read."""

    def __init__(self, server: GuideServer, settings: Any, *, tokens: bool = True) -> None:
        self.server, self.settings = server, settings
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT, settings.MOBIUS_API_KEY = "demo", server.key
        held = {user_id: server.state.token_of(user_id) for user_id in CAST} if tokens else {}
        service_key.forget_refusals()
        rate_limiter.reset()
        make_people(tokens=held)
        server.state.groups["approvers"] = ["user_rina", "user_sam", "user_lee"]

    def person(self, name: str) -> Reviewer:
        """Somebody of the cast, by user name."""
        return Reviewer.objects.select_related("user").get(user__username=name)

    def ask(self, **fields: Any) -> Interaction:
        """A question upstream, and in the mirror."""
        return self.read(self.server.state.ask(**fields))

    def read(self, id: str) -> Interaction:
        """The mirror's row, brought up to upstream, as the sync does it."""
        state = self.server.state
        told = read_interaction(state.shown_interaction(state.interaction(id)))
        mirror.apply_interaction(Upstream.present(), told, read_at=datetime.now(UTC))
        return Interaction.objects.get(mobius_id=id)
