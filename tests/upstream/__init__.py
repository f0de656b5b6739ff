"""Scripted Mobius servers over real HTTP, one for each dialect of the API.

    with GuideServer() as server:
        server.offers.limit_maximum = 100
        asked = server.state.ask(to="user_rina", message="Ship it?")
        ... a client of server.base_url with server.key ...

``GuideServer`` offers only what the guide *Collect human input* names, and its ``Offers`` has a
switch for each way in which such servers differ. ``LaterServer`` is of generation B or C.
"""

from tests.upstream.later import LaterServer
from tests.upstream.later_state import Dialect
from tests.upstream.server import GuideServer
from tests.upstream.state import Offers, State

__all__ = ["Dialect", "GuideServer", "LaterServer", "Offers", "State"]
