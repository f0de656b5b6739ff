"""The engine's HTTP API: a small ASGI application without Django's request handler.

``application`` takes the requests, ``urls`` says which call answers which path, ``calls`` hold one
function a call, ``streams`` write the event streams that ``tail`` reads.
"""
