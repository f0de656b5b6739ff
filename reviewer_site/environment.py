"""Settings from the environment and ``.env``: names, types, defaults.

A malformed one ends the process with a sentence that names it.
"""

import os
import re
import shlex
import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from cryptography.fernet import Fernet
from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from reviewer_site import proxies

ROOT = Path(__file__).resolve().parent.parent

SHORTEST_SECRET = 32

_HANDLE = re.compile(r"[A-Za-z0-9._~-]+")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")
_HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]")
_ONE_WORD = re.compile(r"[!-~]+")


class Misconfigured(SystemExit):
    """Ends the process with a sentence for the person who started it, and status 1."""


class Environment(BaseSettings):
    """One field a setting; ``docs/settings.md`` has a row for each."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", case_sensitive=True)

    SECRET_KEY: str = Field("", repr=False)
    DEBUG: bool = False
    PUBLIC_URL: str = ""
    BIND_ADDRESS: str = "127.0.0.1"
    HSTS_SUBDOMAINS: bool = False
    HSTS_PRELOAD: bool = False
    SESSION_HOURS: int = Field(336, ge=1, le=24 * 365, description="hours")
    SESSION_IDLE_MINUTES: int = Field(0, ge=0, description="minutes")
    ALLOWED_HOSTS: str = "127.0.0.1,localhost,[::1]"
    DATA_DIR: Path = Path("var")
    DATABASE_URL: str = Field("", repr=False)
    ENGINE_DATABASE_URL: str = Field("", repr=False)
    MOBIUS_BASE_URL: str = ""
    MOBIUS_API_KEY: str = Field("", repr=False)
    MOBIUS_PROJECT: str = Field("", validation_alias=AliasChoices("MOBIUS_PROJECT", "PROJECT"))
    MOBIUS_RUN_URL: str = ""
    MOBIUS_INTERACTION_URL: str = ""
    CREDENTIAL_KEYS: str = Field("", repr=False)
    LOG_ANCHOR: str = ""
    SERVICE_KEY_ANSWERS: Literal["auto", "on", "off"] = "auto"
    CLAIM_STALE_AFTER: int = Field(30, ge=1, description="minutes")
    GROUP_ANSWERS_HIDDEN_UNTIL_MINE: bool = False
    PRESENCE: bool = True
    INSIGHTS_BY_PERSON: bool = True
    HISTORY_DAYS: int = Field(400, ge=1, description="days")
    MOBIUS_EVENT_LIMIT: int = Field(16, ge=1, le=1024, description="megabytes")
    MOBIUS_RESPONSE_LIMIT: int = Field(64, ge=1, le=1024, description="megabytes")
    TRUSTED_PROXIES: str = "127.0.0.1,::1"
    TIME_ZONE: str = "UTC"
    PORT: int = Field(8000, ge=0, le=65535)
    ENGINE_PORT: int = Field(8001, ge=0, le=65535)
    ENGINE_RATE_LIMIT: int | None = Field(None, ge=1)

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_silent(cls, value: Any, info: Any) -> Any:
        """``NAME=`` in the environment means the default, also over a line in ``.env``."""
        if value == "":
            return cls.model_fields[info.field_name].default
        return value

    @field_validator("SECRET_KEY")
    @classmethod
    def _hard_to_guess(cls, value: str) -> str:
        if value and len(value) < SHORTEST_SECRET:
            raise ValueError(f"must be at least {SHORTEST_SECRET} random characters")
        return value

    @field_validator("PUBLIC_URL")
    @classmethod
    def _public_address(cls, value: str) -> str:
        value = value.removesuffix("/")
        parts = urlsplit(value) if _is_web_address(value) else None
        if value and (parts is None or parts.path or "@" in parts.netloc):
            raise ValueError(
                "must be only a scheme, host, and port, such as https://inbox.example.com"
            )
        if parts is not None and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError(
                f"must begin with https:// ({value}); http is only allowed for this machine, "
                "such as http://127.0.0.1:8000"
            )
        if parts is None:
            return ""
        # As browsers write an origin.
        usual = {"http": ":80", "https": ":443"}[parts.scheme]
        return f"{parts.scheme}://{parts.netloc.lower().removesuffix(usual)}"

    @field_validator("BIND_ADDRESS")
    @classmethod
    def _local_address(cls, value: str) -> str:
        try:
            return str(ip_address(value))
        except ValueError:
            raise ValueError("must be an IP address of this machine, such as 0.0.0.0") from None

    @field_validator("MOBIUS_BASE_URL")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not _is_web_address(value):
            raise ValueError("must be an address such as https://api.example.com")
        return value.rstrip("/")

    @field_validator("MOBIUS_RUN_URL", "MOBIUS_INTERACTION_URL")
    @classmethod
    def _template(cls, value: str) -> str:
        if value:
            _check_template(value)
        return value

    @field_validator("MOBIUS_API_KEY")
    @classmethod
    def _key(cls, value: str) -> str:
        if value and not _ONE_WORD.fullmatch(value):
            raise ValueError("must be only the service key (mbx_…), without spaces")
        return value

    @field_validator("ALLOWED_HOSTS")
    @classmethod
    def _hosts(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        if not names or not all(_HOST.fullmatch(name) for name in names):
            raise ValueError("must be host names such as inbox.example.com, without scheme or port")
        return value

    @field_validator("MOBIUS_PROJECT")
    @classmethod
    def _handle(cls, value: str) -> str:
        if value and not _HANDLE.fullmatch(value):
            raise ValueError("must be a project's handle: letters, digits and . _ ~ -")
        return value

    @field_validator("DATABASE_URL", "ENGINE_DATABASE_URL")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and database(value)["ENGINE"] not in (_SQLITE, _POSTGRESQL):
            raise ValueError("must be a sqlite:// or postgres:// address")
        return value

    @field_validator("CREDENTIAL_KEYS")
    @classmethod
    def _keys(cls, value: str) -> str:
        keys = [key for key in value.split(",") if key]
        try:
            sound = bool(keys or not value) and all(map(Fernet, keys))
        except ValueError:
            sound = False
        if not sound:
            raise ValueError("must be Fernet keys (32 bytes, URL-safe base64), separated by commas")
        return value

    @field_validator("LOG_ANCHOR")
    @classmethod
    def _file_or_command(cls, value: str) -> str:
        try:
            words = shlex.split(value)
        except ValueError:
            words = []
        lost = len(words) == 1 and "/" not in words[0] and shutil.which(words[0]) is None
        if (value and not words) or lost:
            raise ValueError("must be the path of a file, with a slash in it, or a command")
        return value

    @field_validator("TRUSTED_PROXIES")
    @classmethod
    def _proxies(cls, value: str) -> str:
        try:
            proxies.read(value)
        except ValueError:
            raise ValueError("must be addresses or networks such as 10.0.0.0/8") from None
        return value

    @field_validator("TIME_ZONE")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("must be a time zone's name such as Europe/Helsinki") from None
        return value


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        # Read for its error: a port that isn't a number, or too large.
        _ = parts.port
    except ValueError:
        return False
    web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return web and not (parts.query or parts.fragment) and bool(_ONE_WORD.fullmatch(value))


def _check_template(value: str) -> None:
    """Raises ValueError unless ``value`` is a web address with a place for an id."""
    such_as = "such as https://app.example.com/runs/{id}"
    if not value.startswith(("https://", "http://")):
        raise ValueError(f"must begin with https:// or http://, {such_as}")
    if other := _PLACEHOLDER.search(value.replace("{id}", "")):
        raise ValueError(f"must have {{id}} as its only placeholder, not {other[0]}")
    if "{id}" not in value:
        raise ValueError(f"must have {{id}} where the ID goes, {such_as}")
    address = re.split(r"[?#]", value)[0]
    if not (_is_web_address(address) and _ONE_WORD.fullmatch(value)):
        raise ValueError(f"must be a valid web address without spaces, {such_as}")
    host = urlsplit(address).netloc
    if "@" in host:
        raise ValueError(f"must not contain a username or password, {such_as}")
    if "{id}" in host:
        raise ValueError(f"must have {{id}} after the host, {such_as}")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


_SQLITE = "django.db.backends.sqlite3"
_POSTGRESQL = "django.db.backends.postgresql"


def database(url: str) -> dict[str, Any]:
    """Django's settings of a database. Raises ValueError for an invalid URL."""
    try:
        return dict(dj_database_url.parse(url))
    except Exception as error:
        # The library raises its own errors and bare KeyErrors; neither may show the password.
        raise ValueError("must be a sqlite:// or postgres:// address") from error


def read_environment() -> Environment:
    """Read the settings. Raises Misconfigured with one sentence."""
    try:
        return Environment()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        why = first["msg"].removeprefix("Value error, ")
        value = os.environ.get("PROJECT") if name == "PROJECT" else None
        raise Misconfigured(f"{name} {_readable(why)}{f' ({value})' if value else ''}.") from None


def _readable(why: str) -> str:
    """The validator's message as the end of a sentence that begins with the setting's name."""
    if why.startswith("must "):
        return why
    return "is not usable: " + why[:1].lower() + why[1:]
