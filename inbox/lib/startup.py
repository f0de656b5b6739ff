class Misconfigured(SystemExit):
    """Ends the process with a sentence for the person who started it, and status 1."""


class StartRefused(Exception):
    """The installation must not start; ``str()`` of it is one sentence for the operator."""
