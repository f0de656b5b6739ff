"""Rina's desk in front of a Mobius that offers only what the guide names."""

from datetime import UTC, datetime
from typing import Any

from inbox.mirror import project as mirror
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.models import Interaction, Reviewer, Upstream
from tests.support.people import make_people
from tests.upstream import GuideServer

CAST = ("user_rina", "user_sam", "user_lee", "user_tess")


class GuideDesk:
    """Tests use ``server`` directly; only what is read with ``read`` is in the mirror."""

    def __init__(self, server: GuideServer, settings: Any, *, tokens: bool = True) -> None:
        self.server, self.settings = server, settings
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT, settings.MOBIUS_API_KEY = "demo", server.key
        held = {user_id: server.state.token_of(user_id) for user_id in CAST} if tokens else {}
        make_people(tokens=held)
        server.state.groups["approvers"] = ["user_rina", "user_sam", "user_lee"]

    def person(self, name: str) -> Reviewer:
        return Reviewer.objects.select_related("user").get(user__username=name)

    def ask(self, **fields: Any) -> Interaction:
        return self.read(self.server.state.ask(**fields))

    def read(self, id: str) -> Interaction:
        state = self.server.state
        interaction = read_interaction(state.shown_interaction(state.interaction(id)))
        mirror.apply(Upstream.current(), [interaction], read_at=datetime.now(UTC))
        return Interaction.objects.get(mobius_id=id)
