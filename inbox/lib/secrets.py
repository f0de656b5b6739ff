"""The installation's secrets: from the environment, else from ``DATA_DIR/secrets.env`` (0600)."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import ec
from dotenv import dotenv_values

from inbox.lib import private_files
from inbox.lib.startup import Misconfigured

FILE = "secrets.env"


class Secrets:
    """Without a file (``stored``) there are only the environment's keys and a temporary
    ``secret_key``.
    """

    def __init__(self, values: Mapping[str, str], *, stored: bool) -> None:
        self.stored = stored
        self.secret_key = values.get("SECRET_KEY") or secrets.token_urlsafe(50)
        self.credential_keys = [key for key in values.get("CREDENTIAL_KEYS", "").split(",") if key]
        self.vapid_key = values.get("VAPID_KEY", "")
        self._engine_secret = values.get("ENGINE_SECRET", "")

    def __repr__(self) -> str:
        return "Secrets(…)"

    def service_key(self) -> str:
        """Raises Misconfigured without the file."""
        return f"mbx_{self._derive('service key')}"

    def member_token(self, user_id: str) -> str:
        """Raises Misconfigured without the file."""
        return f"mbc_{self._derive(f'member {user_id}')}"

    def _derive(self, purpose: str) -> str:
        if not self._engine_secret:
            raise Misconfigured(f"{FILE} doesn't exist yet. It's created when the product starts.")
        return hmac.new(self._engine_secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()[
            :40
        ]


def read(folder: Path, environment: Mapping[str, str]) -> Secrets:
    """Raises Misconfigured if the file can't be used; it may be missing."""
    path = folder / FILE
    values = {name: value for name, value in environment.items() if value}
    try:
        with path.open() as file:
            stored = {name: value for name, value in dotenv_values(stream=file).items() if value}
    except FileNotFoundError:
        return Secrets(values, stored=False)
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}.") from None
    values = stored | values
    for name in ("SECRET_KEY", "CREDENTIAL_KEYS", "ENGINE_SECRET"):
        if name not in values:
            raise Misconfigured(
                f"{path} has no line {name}=…; restore the file from a backup, or set {name}."
            )
    _check_keys(path, values["CREDENTIAL_KEYS"])
    _check_vapid_key(path, values.get("VAPID_KEY", ""))
    return Secrets(values, stored=True)


def create(folder: Path, environment: Mapping[str, str]) -> Secrets:
    """Create the file with what ``environment`` does not have, unless it exists. Raises
    Misconfigured.
    """
    path = folder / FILE
    temporary = path.with_name(f".{FILE}.{os.getpid()}")
    new = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CREDENTIAL_KEYS": Fernet.generate_key().decode(),
        "ENGINE_SECRET": secrets.token_hex(32),
        "VAPID_KEY": _new_vapid_key(),
    }
    lines = [f"{name}={value}\n" for name, value in new.items() if not environment.get(name)]
    try:
        private_files.make_folder(folder)
        if not path.exists():
            _write_once(path, temporary, "".join(lines))
    except OSError as error:
        raise Misconfigured(
            f"DATA_DIR {folder} cannot be used: {error.strerror or error}."
        ) from None
    return read(folder, environment)


def add_vapid_key(folder: Path, environment: Mapping[str, str]) -> Secrets:
    """For a file that was written before there was this key; of two simultaneous processes, one
    adds it. Raises Misconfigured.
    """
    path = folder / FILE
    try:
        with private_files.locked(folder / f"{FILE}.lock"):
            if not read(folder, environment).vapid_key:
                with path.open("a") as file:
                    file.write(f"\nVAPID_KEY={_new_vapid_key()}\n")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be written: {error.strerror or error}.") from None
    return read(folder, environment)


def _new_vapid_key() -> str:
    """The number of a private key on P-256."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(number.to_bytes(32)).decode().rstrip("=")


def _check_vapid_key(path: Path, key: str) -> None:
    try:
        if key:
            number = int.from_bytes(base64.urlsafe_b64decode(f"{key}="))
            ec.derive_private_key(number, ec.SECP256R1())
    except ValueError:
        raise Misconfigured(
            f"{path}: VAPID_KEY is damaged; restore the file from a backup."
        ) from None


def _write_once(path: Path, temporary: Path, lines: str) -> None:
    """Atomic: of two simultaneous processes, ``link`` lets one win."""
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, private_files.FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write("# Created on first start. Anyone with this file can read the member tokens.\n")
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()


def _check_keys(path: Path, keys: str) -> None:
    try:
        for key in filter(None, keys.split(",")):
            Fernet(key)
    except ValueError:
        raise Misconfigured(
            f"{path}: CREDENTIAL_KEYS is damaged; restore the file from a backup."
        ) from None
