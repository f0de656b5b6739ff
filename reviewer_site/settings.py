"""Django's settings, made of the environment."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from reviewer_site import proxies, secrets
from reviewer_site.environment import ROOT, Misconfigured, database, read_environment
from reviewer_site.log_filters import without_traceback_of_refusals

ENVIRONMENT = read_environment()
BASE_DIR = ROOT
DATA_DIR = (ROOT / ENVIRONMENT.DATA_DIR).resolve()
GIVEN_SECRETS = {
    "SECRET_KEY": ENVIRONMENT.SECRET_KEY,
    "CREDENTIAL_KEYS": ENVIRONMENT.CREDENTIAL_KEYS,
}
# Reads only: the file is made by inbox.services.installation, after a look at the database.
SECRETS = secrets.read(DATA_DIR, GIVEN_SECRETS)
PORT = ENVIRONMENT.PORT
ENGINE_PORT = ENVIRONMENT.ENGINE_PORT
BIND_ADDRESS = ENVIRONMENT.BIND_ADDRESS
# With PORT=0, ``serve`` sets the port that was taken.
PUBLIC_URL = ENVIRONMENT.PUBLIC_URL or f"http://127.0.0.1:{PORT}"
public = urlsplit(PUBLIC_URL)
ENGINE_RATE_LIMIT = ENVIRONMENT.ENGINE_RATE_LIMIT

# The exports of the walkthrough name this folder's own engine: they must not turn the next start
# into one against a "real" Mobius that is not running.
OWN_KEY_EXPORTED = SECRETS.stored and SECRETS.service_key() == ENVIRONMENT.MOBIUS_API_KEY
EMBEDDED = OWN_KEY_EXPORTED or not ENVIRONMENT.MOBIUS_BASE_URL
if EMBEDDED:
    if PORT == ENGINE_PORT != 0:
        raise Misconfigured(f"ENGINE_PORT is the same as PORT ({PORT}); each needs its own port.")
    MOBIUS_BASE_URL = f"http://127.0.0.1:{ENGINE_PORT}"
    MOBIUS_API_KEY = SECRETS.service_key() if SECRETS.stored else ""
    MOBIUS_PROJECT = "demo"
    MOBIUS_IDENTITY = "embedded"
else:
    for name in ("MOBIUS_API_KEY", "MOBIUS_PROJECT"):
        if not getattr(ENVIRONMENT, name):
            raise Misconfigured(f"{name} is missing; it's required with MOBIUS_BASE_URL.")
    MOBIUS_BASE_URL = ENVIRONMENT.MOBIUS_BASE_URL
    MOBIUS_API_KEY = ENVIRONMENT.MOBIUS_API_KEY
    MOBIUS_PROJECT = ENVIRONMENT.MOBIUS_PROJECT
    MOBIUS_IDENTITY = MOBIUS_BASE_URL

MOBIUS_RUN_URL = ENVIRONMENT.MOBIUS_RUN_URL
MOBIUS_INTERACTION_URL = ENVIRONMENT.MOBIUS_INTERACTION_URL
SECRET_KEY = SECRETS.secret_key
CREDENTIAL_KEYS = SECRETS.credential_keys
LOG_ANCHOR = ENVIRONMENT.LOG_ANCHOR
SERVICE_KEY_ANSWERS = ENVIRONMENT.SERVICE_KEY_ANSWERS
CLAIM_STALE_AFTER = timedelta(minutes=ENVIRONMENT.CLAIM_STALE_AFTER)
GROUP_ANSWERS_HIDDEN_UNTIL_MINE = ENVIRONMENT.GROUP_ANSWERS_HIDDEN_UNTIL_MINE
PRESENCE = ENVIRONMENT.PRESENCE
INSIGHTS_BY_PERSON = ENVIRONMENT.INSIGHTS_BY_PERSON
MOBIUS_EVENT_LIMIT = ENVIRONMENT.MOBIUS_EVENT_LIMIT * 1024 * 1024
MOBIUS_RESPONSE_LIMIT = ENVIRONMENT.MOBIUS_RESPONSE_LIMIT * 1024 * 1024
HISTORY_DAYS = timedelta(days=ENVIRONMENT.HISTORY_DAYS)

DEBUG = ENVIRONMENT.DEBUG
ALLOWED_HOSTS = [host.strip() for host in ENVIRONMENT.ALLOWED_HOSTS.split(",") if host.strip()]
# An IPv6 address keeps its brackets, as in the Host header.
ALLOWED_HOSTS.append(public.netloc.removesuffix(f":{public.port}"))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    # Before auth, so that its createsuperuser is the one that runs.
    "inbox",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    # The widgets' templates, for FORM_RENDERER.
    "django.forms",
    "django_htmx",
    "csp",
    "axes",
    "inbox.engine",
]
MIDDLEWARE = [
    # What marks every response stands outside of what may refuse a request.
    "reviewer_site.middleware.mark_response",
    "reviewer_site.middleware.more_headers",
    "reviewer_site.middleware.never_cache",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "reviewer_site.middleware.CompressHTML",
    "django_htmx.middleware.HtmxMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "reviewer_site.middleware.end_sessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "reviewer_site.middleware.SignInRequired",
    "reviewer_site.middleware.remember_browser",
    "reviewer_site.middleware.refuse_unread_body",
    "reviewer_site.middleware.explain_not_allowed",
    "reviewer_site.middleware.no_nul",
    "reviewer_site.middleware.name_actor",
    "reviewer_site.middleware.one_thread",
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "inbox.people.backend.ReviewerBackend",
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
            "builtins": ["django.templatetags.i18n", "inbox.templatetags.inbox_tags"],
        },
    }
]
FORM_RENDERER = "inbox.web.ui.forms.FormRenderer"


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
        # A new connection reads the whole schema before its first query.
        made["CONN_MAX_AGE"] = 60
    else:
        # A server that is gone is noticed in seconds, not when TCP gives up.
        patience = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
        made["OPTIONS"] = patience | made.get("OPTIONS", {})
        if file.startswith("engine"):
            made["CONN_MAX_AGE"] = 60  # the engine's few threads stay
        else:
            # A page has a thread of its own, with which a connection kept by it would be lost. An
            # answer that waits for Mobius holds one, so there must be more than pages at once.
            # One that does not come within 5 s ends in a 503, not in a page that hangs; and the
            # pool must not pause for minutes before it tries a database that is back.
            pool = {
                "min_size": 1,
                "max_size": 50,
                # A crowd's connections are given back soon: PostgreSQL takes 100 in all.
                "max_idle": 60,
                "timeout": 5,
                "reconnect_timeout": 5,
            }
            made["OPTIONS"]["pool"] = pool
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
CSRF_FAILURE_VIEW = "inbox.web.account.signed_out.csrf_failure"
AXES_HANDLER = "inbox.people.throttle.Throttle"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "inbox.web.account.sign_in.locked"
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "inbox.web.ui.request.counted_address"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# A try that is refused does not make the wait longer, so what Retry-After says holds.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# axes stores the form of a failed try, but no passwords and no text typed for a question.
AXES_SENSITIVE_PARAMETERS = [
    "username",
    "ip_address",
    "old_password",
    "new_password1",
    "new_password2",
    "kept-value",
    "kept-comment",
]
TRUSTED_PROXIES = proxies.read(ENVIRONMENT.TRUSTED_PROXIES)

# A form is bounded by inbox.request_body before Django reads it, an upload too.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

LANGUAGE_CODE = "en"
LOCALE_PATHS = [ROOT / "inbox" / "locale"]
TIME_ZONE = ENVIRONMENT.TIME_ZONE
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# What collectstatic makes in DATA_DIR, and DATA_DIR itself where it is missing.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "reviewer_site.static.Storage"},
}

SECURE = public.scheme == "https"
SESSION_HOURS = timedelta(hours=ENVIRONMENT.SESSION_HOURS)
SESSION_IDLE_MINUTES = timedelta(minutes=ENVIRONMENT.SESSION_IDLE_MINUTES)
SESSION_COOKIE_AGE = int(SESSION_HOURS.total_seconds())
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = SECURE
SECURE_SSL_HOST = public.netloc
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT.HSTS_SUBDOMAINS
SECURE_HSTS_PRELOAD = ENVIRONMENT.HSTS_PRELOAD
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MORE_SECURITY_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "autoplay",
            "bluetooth",
            "browsing-topics",
            "camera",
            "display-capture",
            "geolocation",
            "gyroscope",
            "hid",
            "magnetometer",
            "microphone",
            "midi",
            "payment",
            "serial",
            "usb",
        )
    ),
}
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
    "filters": {"refusals": {"()": lambda: without_traceback_of_refusals}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"inbox": {"level": "INFO"}, "httpx": {"level": "WARNING"}},
}
