"""Settings from the environment and ``.env``. A malformed one ends the process with its name."""

import os
import re
import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from cryptography.fernet import Fernet
from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from inbox.lib.addresses import is_loopback, read_networks
from inbox.lib.startup import Misconfigured
from inbox.mobius.types import Generation

ROOT = Path(__file__).resolve().parent.parent

SHORTEST_SECRET = 32

_SQLITE = "django.db.backends.sqlite3"
_POSTGRESQL = "django.db.backends.postgresql"
_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
_HANDLE = re.compile(r"[A-Za-z0-9._~-]+")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")
_HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]")
_HOST_OR_ADDRESS = re.compile(r"[\w-]+(\.[\w-]+)*|[0-9A-Fa-f:.]+")
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)+")
_EMAIL = re.compile(r"[^@\s<>,\x00-\x1f]+@[^@\s<>,\x00-\x1f]+")
_ONE_WORD = re.compile(r"[!-~]+")


class Environment(BaseSettings):
    """``docs/settings.md`` has a row for each."""

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
    DATABASE_CONNECTIONS: int = Field(50, ge=5, le=1000, description="connections")
    ENGINE_DATABASE_URL: str = Field("", repr=False)
    MOBIUS_BASE_URL: str = ""
    MOBIUS_API_KEY: str = Field("", repr=False)
    MOBIUS_PROJECT: str = Field("", validation_alias=AliasChoices("MOBIUS_PROJECT", "PROJECT"))
    MOBIUS_API: str = "auto"
    MOBIUS_RUN_URL: str = ""
    MOBIUS_INTERACTION_URL: str = ""
    CREDENTIAL_KEYS: str = Field("", repr=False)
    VAPID_KEY: str = Field("", repr=False)
    LOG_ANCHOR: str = ""
    ADMIN_EMAIL: str = ""
    EMAIL_URL: str = Field("", repr=False)
    EMAIL_FROM: str = ""
    NOTIFY_EMAIL_AFTER: int = Field(300, ge=0, le=24 * 60 * 60, description="seconds")
    NOTIFY_CHAT_AFTER: int = Field(30, ge=0, le=24 * 60 * 60, description="seconds")
    NOTIFY_TITLES: bool = True
    NOTIFY_PRIVATE_HOSTS: str = ""
    METRICS_TOKEN: str = Field("", repr=False)
    LOG_FORMAT: Literal["text", "json"] = "text"
    OIDC_ISSUER: str = Field("", max_length=200)
    OIDC_CLIENT_ID: str = ""
    OIDC_CLIENT_SECRET: str = Field("", repr=False)
    OIDC_NAME: str = ""
    OIDC_SCOPES: str = "openid profile email"
    OIDC_ORIGINS: str = ""
    OIDC_ALLOWED_DOMAINS: str = ""
    OIDC_GROUPS_CLAIM: str = "groups"
    OIDC_ALLOWED_GROUPS: str = ""
    OIDC_REVIEWER_GROUPS: str = ""
    OIDC_LEAD_GROUPS: str = ""
    OIDC_MOBIUS_ID_CLAIM: str = ""
    OIDC_BREAK_GLASS: str = ""
    OIDC_SESSION_HOURS: int = Field(12, ge=1, le=24 * 365, description="hours")
    SERVICE_KEY_ANSWERS: Literal["auto", "on", "off"] = "auto"
    ANSWER_GUARD: Literal["confirm", "undo"] = "confirm"
    UNDO_SECONDS: int = Field(5, ge=0, le=60, description="seconds")
    CLAIM_STALE_AFTER: int = Field(30, ge=1, description="minutes")
    GROUP_ANSWERS_HIDDEN_UNTIL_MINE: bool = False
    MASKED_KEYS: str = ""
    MASK_NUMBERS: bool = True
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
    ENGINE_API: Literal["a", "b", "c"] = "a"

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_silent(cls, value: Any, info: Any) -> Any:
        """``NAME=`` in the environment means the default, even if ``.env`` has a value."""
        if value == "":
            return cls.model_fields[info.field_name].default
        return value

    @field_validator("SECRET_KEY")
    @classmethod
    def _hard_to_guess(cls, value: str) -> str:
        if value and len(value) < SHORTEST_SECRET:
            raise ValueError(f"must be at least {SHORTEST_SECRET} random characters")
        return value

    @field_validator("ADMIN_EMAIL", "EMAIL_FROM")
    @classmethod
    def _addresses(cls, value: str, info: Any) -> str:
        addresses = [address.strip() for address in value.split(",")] if value else []
        if not all(_EMAIL.fullmatch(address) for address in addresses):
            raise ValueError("must be an email address such as inbox@example.com")
        if info.field_name == "EMAIL_FROM" and len(addresses) > 1:
            raise ValueError("must be one email address")
        return ",".join(addresses)

    @field_validator("EMAIL_URL")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        if value:
            email(value)
        return value

    @field_validator("METRICS_TOKEN")
    @classmethod
    def _token(cls, value: str) -> str:
        if value and not (len(value) >= SHORTEST_SECRET and _ONE_WORD.fullmatch(value)):
            raise ValueError(
                f"must be at least {SHORTEST_SECRET} random characters, without spaces"
            )
        return value

    @field_validator("PUBLIC_URL")
    @classmethod
    def _public_address(cls, value: str) -> str:
        value = value.removesuffix("/")
        parts = urlsplit(value) if _is_web_address(value) else None
        if value and (parts is None or parts.path or "@" in parts.netloc):
            raise ValueError(
                "must be only a scheme, host and port, such as https://inbox.example.com"
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

    @field_validator("OIDC_ISSUER")
    @classmethod
    def _issuer(cls, value: str) -> str:
        if value and (not _is_secure(value) or "@" in urlsplit(value).netloc):
            raise ValueError(
                "must be an https:// address such as https://login.example.com/realms/acme, "
                "exactly as the provider names itself"
            )
        return value

    @field_validator("OIDC_ORIGINS")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in (part.strip() for part in value.split(",") if value):
            parts = urlsplit(origin) if _is_secure(origin) else None
            if parts is None or parts.path or "@" in parts.netloc or ";" in origin:
                raise ValueError(
                    "must be origins such as https://login.example.com, separated by commas"
                )
        return value

    @field_validator("OIDC_SCOPES")
    @classmethod
    def _scopes(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must be scopes separated by spaces, with openid among them")
        return value

    @field_validator("OIDC_ALLOWED_DOMAINS")
    @classmethod
    def _domains(cls, value: str) -> str:
        domains = [domain.strip() for domain in value.split(",") if value]
        if not all(_DOMAIN.fullmatch(domain) for domain in domains):
            raise ValueError("must be domains such as example.com, separated by commas")
        return value

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
        if value and (not _is_web_address(value) or "@" in urlsplit(value).netloc):
            raise ValueError(
                "must be an address such as https://api.example.com, without a name or password"
            )
        return value.rstrip("/")

    @field_validator("MOBIUS_API")
    @classmethod
    def _generation(cls, value: str) -> str:
        if value.lower() not in ("auto", *Generation):
            raise ValueError(f"must be auto, a, b or c, not {value}")
        return value.lower()

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
        names = listed(value)
        if not names or not all(_HOST.fullmatch(name) for name in names):
            raise ValueError("must be host names such as inbox.example.com, without scheme or port")
        return value

    @field_validator("NOTIFY_PRIVATE_HOSTS")
    @classmethod
    def _private_hosts(cls, value: str) -> str:
        if not all(_HOST_OR_ADDRESS.fullmatch(name) for name in listed(value)):
            raise ValueError(
                "must be host names or addresses such as chat.internal, without scheme or port"
            )
        return value.lower()

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
    def _anchor_file(cls, value: str) -> str:
        if value and (not value.startswith("/") or shutil.which(value.split(maxsplit=1)[0])):
            raise ValueError("must be the absolute path of a file; it can no longer be a command")
        return value

    @field_validator("MASKED_KEYS")
    @classmethod
    def _names(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",")]
        if value and not all(re.search(r"[^\W\d_]", name) for name in names):
            raise ValueError("must be names such as iban, tax id, separated by commas")
        return value

    @field_validator("TRUSTED_PROXIES")
    @classmethod
    def _proxies(cls, value: str) -> str:
        try:
            read_networks(value)
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


def _is_secure(value: str) -> bool:
    """https, or http on this machine."""
    if not _is_web_address(value):
        return False
    parts = urlsplit(value)
    return parts.scheme == "https" or is_loopback(parts.hostname or "")


def _check_template(value: str) -> None:
    """Raises ValueError unless it is a web address with a place for an id."""
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


def listed(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def database(url: str) -> dict[str, Any]:
    try:
        return dict(dj_database_url.parse(url))
    except Exception as error:
        # The library raises its own errors and bare KeyErrors; neither may show the password.
        raise ValueError("must be a sqlite:// or postgres:// address") from error


def email(url: str) -> dict[str, Any]:
    such_as = "must be an address such as smtp+tls://user:password@mail.example.com:587"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(such_as) from None
    if parts.scheme not in _MAIL_PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError(such_as)
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or _MAIL_PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
        "EMAIL_TIMEOUT": 10,
    }


def read_environment() -> Environment:
    """Raises Misconfigured."""
    try:
        return Environment()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        why = first["msg"].removeprefix("Value error, ")
        value = os.environ.get("PROJECT") if name == "PROJECT" else None
        raise Misconfigured(f"{name} {_readable(why)}{f' ({value})' if value else ''}.") from None


def _readable(why: str) -> str:
    if why.startswith("must "):
        return why
    return "can't be used: " + why[:1].lower() + why[1:]
