"""Django's settings, made of the environment."""

from datetime import timedelta
from typing import Any

from reviewer_site import proxies, secrets
from reviewer_site.environment import ROOT, Misconfigured, database, read_environment

ENVIRONMENT = read_environment()
BASE_DIR = ROOT
DATA_DIR = (ROOT / ENVIRONMENT.DATA_DIR).resolve()
SECRETS = secrets.load(DATA_DIR)
PORT = ENVIRONMENT.PORT
ENGINE_PORT = ENVIRONMENT.ENGINE_PORT
ENGINE_RATE_LIMIT = ENVIRONMENT.ENGINE_RATE_LIMIT

# The exports of the walkthrough name this folder's own engine: they must not turn the next start
# into one against a "real" Mobius that is not running.
OWN_KEY_EXPORTED = SECRETS.service_key() == ENVIRONMENT.MOBIUS_API_KEY
EMBEDDED = OWN_KEY_EXPORTED or not ENVIRONMENT.MOBIUS_BASE_URL
if EMBEDDED:
    if PORT == ENGINE_PORT != 0:
        raise Misconfigured(f"ENGINE_PORT is the same as PORT ({PORT}); each needs one of its own.")
    MOBIUS_BASE_URL = f"http://127.0.0.1:{ENGINE_PORT}"
    MOBIUS_API_KEY = SECRETS.service_key()
    MOBIUS_PROJECT = "demo"
    MOBIUS_IDENTITY = "embedded"
else:
    for name in ("MOBIUS_API_KEY", "MOBIUS_PROJECT"):
        if not getattr(ENVIRONMENT, name):
            raise Misconfigured(f"{name} is missing; MOBIUS_BASE_URL needs it beside it.")
    MOBIUS_BASE_URL = ENVIRONMENT.MOBIUS_BASE_URL
    MOBIUS_API_KEY = ENVIRONMENT.MOBIUS_API_KEY
    MOBIUS_PROJECT = ENVIRONMENT.MOBIUS_PROJECT
    MOBIUS_IDENTITY = MOBIUS_BASE_URL

SECRET_KEY = ENVIRONMENT.SECRET_KEY or SECRETS.secret_key
CREDENTIAL_KEYS = [
    key for key in (ENVIRONMENT.CREDENTIAL_KEYS or SECRETS.credential_keys).split(",") if key
]
SERVICE_KEY_ANSWERS = ENVIRONMENT.SERVICE_KEY_ANSWERS
CLAIM_STALE_AFTER = timedelta(minutes=ENVIRONMENT.CLAIM_STALE_AFTER)
GROUP_ANSWERS_HIDDEN_UNTIL_MINE = ENVIRONMENT.GROUP_ANSWERS_HIDDEN_UNTIL_MINE
PRESENCE = ENVIRONMENT.PRESENCE
INSIGHTS_BY_PERSON = ENVIRONMENT.INSIGHTS_BY_PERSON
HISTORY_DAYS = timedelta(days=ENVIRONMENT.HISTORY_DAYS)

DEBUG = ENVIRONMENT.DEBUG
ALLOWED_HOSTS = [host.strip() for host in ENVIRONMENT.ALLOWED_HOSTS.split(",") if host.strip()]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "csp",
    "axes",
    "inbox",
    "inbox.engine",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "axes.middleware.AxesMiddleware",
    "reviewer_site.middleware.one_thread",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
ROOT_URLCONF = "reviewer_site.urls"
ASGI_APPLICATION = "reviewer_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


def _database(url: str, file: str) -> dict[str, Any]:
    """A database by its address, else a file in the data folder."""
    made = database(url or f"sqlite:///{DATA_DIR / file}")
    if made["ENGINE"] == "django.db.backends.sqlite3":
        made["ENGINE"] = "reviewer_site.sqlite"
        made["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
        made["TEST"] = {"NAME": str(DATA_DIR / f"test-{file}")}
    else:
        # Each request to the pages has a thread of its own: a connection kept by it would be lost
        # with it, open. The engine's threads stay, and so may their connections.
        made["CONN_MAX_AGE"] = 60 if file.startswith("engine") else 0
        made["CONN_HEALTH_CHECKS"] = True
    # Neither database needs the other: a test may ask for one alone.
    made.setdefault("TEST", {})["DEPENDENCIES"] = []
    return made


DATABASES = {
    "default": _database(ENVIRONMENT.DATABASE_URL, "inbox.sqlite3"),
    "engine": _database(ENVIRONMENT.ENGINE_DATABASE_URL, "engine.sqlite3"),
}
DATABASE_ROUTERS = ["inbox.engine.router.EngineRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/inbox/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
CSRF_FAILURE_VIEW = "inbox.views.signed_out.csrf_failure"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "inbox.views.sign_in.locked"
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "inbox.views.origin.address_of"
TRUSTED_PROXIES = proxies.read(ENVIRONMENT.TRUSTED_PROXIES)

LANGUAGE_CODE = "en"
TIME_ZONE = ENVIRONMENT.TIME_ZONE
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "reviewer_site.static_files.ReleaseStorage"},
}

# The embedded engine is for one machine: there, cookies must work over plain http.
SECURE = not DEBUG and not EMBEDDED
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"inbox": {"level": "INFO"}, "httpx": {"level": "WARNING"}},
}
