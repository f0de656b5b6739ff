"""The engine's HTTP API: a Starlette application.

``application`` puts it together, ``views`` has a function for each call and the routes,
``requests`` reads what was sent, ``streams`` writes the event streams.
"""
