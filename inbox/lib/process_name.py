import os
import re
import secrets
import socket

PREFIX = "reviewer-inbox "
HOST = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:24]
NAME = f"{PREFIX}{HOST}-{os.getpid()}-{secrets.token_hex(4)}"
"""Different after each start."""


def host_and_process(name: str) -> str:
    """Such as ``web-1-4242``."""
    return name.removeprefix(PREFIX).rpartition("-")[0]
