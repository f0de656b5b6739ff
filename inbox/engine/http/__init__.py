"""The engine's HTTP API: a Starlette application.

``application`` puts it together, ``views`` has the calls and the routes to them,
``requests`` reads what was sent, ``streams`` writes the event streams.
"""
