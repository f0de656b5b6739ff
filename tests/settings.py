"""The product's settings, whatever the terminal has exported, in a data folder of the run's own."""

import os
import tempfile
from pathlib import Path

from inbox.lib import secrets

for name in (
    "MOBIUS_BASE_URL",
    "MOBIUS_API_KEY",
    "MOBIUS_PROJECT",
    "PROJECT",
    "MOBIUS_API",
    "MOBIUS_RUN_URL",
    "MOBIUS_INTERACTION_URL",
    "DEBUG",
    "SERVICE_KEY_ANSWERS",
    "CLAIM_STALE_AFTER",
    "GROUP_ANSWERS_HIDDEN_UNTIL_MINE",
    "PRESENCE",
    "INSIGHTS_BY_PERSON",
    "HISTORY_DAYS",
    "MOBIUS_EVENT_LIMIT",
    "MOBIUS_RESPONSE_LIMIT",
    "CREDENTIAL_KEYS",
    "VAPID_KEY",
    "LOG_ANCHOR",
    "LOG_FORMAT",
    "METRICS_TOKEN",
    "ADMIN_EMAIL",
    "EMAIL_URL",
    "EMAIL_FROM",
    "NOTIFY_EMAIL_AFTER",
    "NOTIFY_CHAT_AFTER",
    "NOTIFY_TITLES",
    "NOTIFY_PRIVATE_HOSTS",
    "OIDC_ISSUER",
    "OIDC_SESSION_HOURS",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "PUBLIC_URL",
    "BIND_ADDRESS",
    "HSTS_SUBDOMAINS",
    "HSTS_PRELOAD",
    "SESSION_HOURS",
    "SESSION_IDLE_MINUTES",
    "TRUSTED_PROXIES",
    "TIME_ZONE",
    "ENGINE_RATE_LIMIT",
    "ENGINE_API",
):
    # Empty, not absent: an absent one would be read from .env.
    os.environ[name] = ""
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="reviewer-inbox-tests-"))

secrets.create(Path(os.environ["DATA_DIR"]), {})

from reviewer_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The names need no collecting here; tests of the product as it is served have the real storage.
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Its one migration creates these tables, and those of all other apps would take seconds to skip.
DATABASES["engine"]["TEST"]["MIGRATE"] = False
