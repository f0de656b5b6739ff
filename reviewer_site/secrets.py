"""What the installation keeps secret, made at the first start: ``DATA_DIR/secrets.env`` (0600)."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from dotenv import dotenv_values

from reviewer_site.environment import Misconfigured

FILE = "secrets.env"


class Secrets:
    """The file's values; the embedded engine's tokens are derived from one of them."""

    def __init__(self, values: dict[str, str]) -> None:
        self.secret_key = values["SECRET_KEY"]
        self.credential_keys = values["CREDENTIAL_KEYS"]
        self._engine_secret = values["ENGINE_SECRET"]

    def __repr__(self) -> str:
        return "Secrets(…)"

    def service_key(self) -> str:
        """The embedded engine's service key."""
        return f"mbx_{self._derive('service key')}"

    def member_token(self, user_id: str) -> str:
        """The embedded engine's token of one person."""
        return f"mbc_{self._derive(f'member {user_id}')}"

    def _derive(self, what: str) -> str:
        return hmac.new(self._engine_secret.encode(), what.encode(), hashlib.sha256).hexdigest()[
            :40
        ]


def load(folder: Path) -> Secrets:
    """The folder's secrets, made where they are missing. Raises Misconfigured."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _create_once(path)
        kept = {key: value for key, value in dotenv_values(path).items() if value}
        return Secrets(kept)
    except OSError as error:
        raise Misconfigured(
            f"DATA_DIR {folder} cannot be used: {error.strerror or error}."
        ) from None
    except KeyError as error:
        raise Misconfigured(
            f"{path} has no line {error.args[0]}=…; put it back from a copy, or remove the file "
            "to begin anew (member tokens must then be pasted again)."
        ) from None


def _create_once(path: Path) -> None:
    """Two processes that start at once must end with the same secrets: link() lets one win."""
    if path.exists():
        return
    made = path.with_name(f".{FILE}.{os.getpid()}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(
            "# Made at the first start. Whoever has this file can read the member tokens.\n"
            f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
            f"CREDENTIAL_KEYS={Fernet.generate_key().decode()}\n"
            f"ENGINE_SECRET={secrets.token_hex(32)}\n"
        )
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)
    except FileExistsError:
        return
    finally:
        made.unlink()
