"""A Mobius that offers only what the guide *Collect human input* names, over real HTTP.

    with GuideServer() as server:
        server.offers.limit_maximum = 100
        asked = server.state.ask(to="user_rina", message="Ship it?")
        ... a client of server.base_url with server.key ...

``Offers`` has a switch for each way in which such servers differ.
"""

from tests.upstream.server import GuideServer
from tests.upstream.state import Offers, State

__all__ = ["GuideServer", "Offers", "State"]
