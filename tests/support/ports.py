"""Ports of loopback that stay a test's own."""

import socket


def reserve() -> socket.socket:
    """A socket that is bound to a free port and doesn't listen. While it is open, connections to
    the port are refused and no one else is given it, but whoever asks for it can listen there.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved
