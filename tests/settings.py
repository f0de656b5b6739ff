"""The product's settings, whatever the terminal has exported, in a data folder of the run's own."""

import os
import tempfile

for name in (
    "MOBIUS_BASE_URL",
    "MOBIUS_API_KEY",
    "MOBIUS_PROJECT",
    "PROJECT",
    "DEBUG",
    "SERVICE_KEY_ANSWERS",
    "CLAIM_STALE_AFTER",
    "GROUP_ANSWERS_HIDDEN_UNTIL_MINE",
    "PRESENCE",
    "INSIGHTS_BY_PERSON",
    "HISTORY_DAYS",
    "CREDENTIAL_KEYS",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "TRUSTED_PROXIES",
    "TIME_ZONE",
    "ENGINE_RATE_LIMIT",
):
    # Empty, not absent: an absent one would be read from .env.
    os.environ[name] = ""
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="reviewer-inbox-tests-"))

from reviewer_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
