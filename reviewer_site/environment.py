"""The settings that come from the environment: names, types, defaults."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    """One field a setting; ``docs/settings.md`` has a row for each."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore", env_ignore_empty=True)

    SECRET_KEY: str = ""
    DEBUG: bool = False
    ALLOWED_HOSTS: str = ""
    DATA_DIR: Path = Path("var")
    DATABASE_URL: str = ""
    ENGINE_DATABASE_URL: str = ""
    MOBIUS_BASE_URL: str = ""
    MOBIUS_API_KEY: str = Field("", repr=False)
    MOBIUS_PROJECT: str = ""
    CREDENTIAL_KEYS: str = Field("", repr=False)
    SERVICE_KEY_ANSWERS: bool = False
    TIME_ZONE: str = "UTC"
    PORT: int = 8000
    ENGINE_PORT: int = 8001
    ENGINE_RATE_LIMIT: int | None = None
