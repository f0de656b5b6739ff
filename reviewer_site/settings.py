from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from inbox.lib import secrets
from inbox.lib.addresses import is_loopback, read_networks
from inbox.lib.startup import Misconfigured
from inbox.mobius.types import Generation
from reviewer_site import logs, oidc
from reviewer_site.environment import ROOT, database, email, listed, read_environment

ENVIRONMENT = read_environment()
BASE_DIR = ROOT
DATA_DIR = (ROOT / ENVIRONMENT.DATA_DIR).resolve()
GIVEN_SECRETS = {
    "SECRET_KEY": ENVIRONMENT.SECRET_KEY,
    "CREDENTIAL_KEYS": ENVIRONMENT.CREDENTIAL_KEYS,
    "VAPID_KEY": ENVIRONMENT.VAPID_KEY,
}
# This only reads: inbox.upstream.installation creates the file after checking the database.
SECRETS = secrets.read(DATA_DIR, GIVEN_SECRETS)
PORT = ENVIRONMENT.PORT
ENGINE_PORT = ENVIRONMENT.ENGINE_PORT
BIND_ADDRESS = ENVIRONMENT.BIND_ADDRESS
# With PORT=0, ``serve`` sets the port that it got.
PUBLIC_URL = ENVIRONMENT.PUBLIC_URL or f"http://127.0.0.1:{PORT}"
public = urlsplit(PUBLIC_URL)
ENGINE_RATE_LIMIT = ENVIRONMENT.ENGINE_RATE_LIMIT
ENGINE_API = ENVIRONMENT.ENGINE_API
DATABASE_CONNECTIONS = ENVIRONMENT.DATABASE_CONNECTIONS

# The variables that mobius_env exports name this folder's own engine. They must not make the next
# start connect to it as to a real Mobius, which would not be running.
OWN_KEY_EXPORTED = SECRETS.stored and SECRETS.service_key() == ENVIRONMENT.MOBIUS_API_KEY
EMBEDDED = OWN_KEY_EXPORTED or not ENVIRONMENT.MOBIUS_BASE_URL
if EMBEDDED:
    if PORT == ENGINE_PORT != 0:
        raise Misconfigured(f"ENGINE_PORT is the same as PORT ({PORT}); each needs its own port.")
    MOBIUS_BASE_URL = f"http://127.0.0.1:{ENGINE_PORT}"
    MOBIUS_API_KEY = SECRETS.service_key() if SECRETS.stored else ""
    MOBIUS_PROJECT = "demo"
    MOBIUS_IDENTITY = "embedded"
    MOBIUS_API = "auto"
else:
    MOBIUS_API = ENVIRONMENT.MOBIUS_API
    if not ENVIRONMENT.MOBIUS_API_KEY:
        raise Misconfigured("MOBIUS_API_KEY is missing; it's required with MOBIUS_BASE_URL.")
    if not ENVIRONMENT.MOBIUS_PROJECT and MOBIUS_API in (Generation.A, Generation.B):
        raise Misconfigured(
            f"MOBIUS_PROJECT is missing; it's required with MOBIUS_API={MOBIUS_API}."
        )
    MOBIUS_BASE_URL = ENVIRONMENT.MOBIUS_BASE_URL
    MOBIUS_API_KEY = ENVIRONMENT.MOBIUS_API_KEY
    MOBIUS_PROJECT = ENVIRONMENT.MOBIUS_PROJECT
    MOBIUS_IDENTITY = MOBIUS_BASE_URL

MOBIUS_RUN_URL = ENVIRONMENT.MOBIUS_RUN_URL
MOBIUS_INTERACTION_URL = ENVIRONMENT.MOBIUS_INTERACTION_URL
SECRET_KEY = SECRETS.secret_key
CREDENTIAL_KEYS = SECRETS.credential_keys
VAPID_KEY = SECRETS.vapid_key
LOG_ANCHOR = ENVIRONMENT.LOG_ANCHOR
SENDS_MAIL = bool(ENVIRONMENT.EMAIL_URL)
ADMIN_EMAIL = [a for a in ENVIRONMENT.ADMIN_EMAIL.split(",") if a and SENDS_MAIL]
DEFAULT_FROM_EMAIL = ENVIRONMENT.EMAIL_FROM or f"reviewer-inbox@{public.hostname}"
if SENDS_MAIL:
    globals().update(email(ENVIRONMENT.EMAIL_URL))
# The demo keeps its emails, which Connection shows.
KEEPS_MAIL = EMBEDDED and not SENDS_MAIL
# Nobody else could open a link to this machine. Then neither email nor push is offered, except in
# the demo.
LINKS_LEAD_HERE = EMBEDDED or not is_loopback(public.hostname or "")
NOTIFY_EMAIL_AFTER = timedelta(seconds=ENVIRONMENT.NOTIFY_EMAIL_AFTER)
NOTIFY_CHAT_AFTER = timedelta(seconds=ENVIRONMENT.NOTIFY_CHAT_AFTER)
NOTIFY_TITLES = ENVIRONMENT.NOTIFY_TITLES
NOTIFY_PRIVATE_HOSTS = listed(ENVIRONMENT.NOTIFY_PRIVATE_HOSTS)
# Whom the operators of a push service can write to. Without it, web push isn't offered.
PUSH_CONTACT = f"mailto:{listed(ENVIRONMENT.ADMIN_EMAIL)[0]}" if ENVIRONMENT.ADMIN_EMAIL else ""
if not PUSH_CONTACT and public.scheme == "https":
    PUSH_CONTACT = PUBLIC_URL
# None where people sign in with passwords only.
OIDC = oidc.read(ENVIRONMENT)
OIDC_SESSION_HOURS = timedelta(hours=ENVIRONMENT.OIDC_SESSION_HOURS)
METRICS_TOKEN = ENVIRONMENT.METRICS_TOKEN
SERVICE_KEY_ANSWERS = ENVIRONMENT.SERVICE_KEY_ANSWERS
ANSWER_GUARD = ENVIRONMENT.ANSWER_GUARD
UNDO_SECONDS = ENVIRONMENT.UNDO_SECONDS
CLAIM_STALE_AFTER = timedelta(minutes=ENVIRONMENT.CLAIM_STALE_AFTER)
GROUP_ANSWERS_HIDDEN_UNTIL_MINE = ENVIRONMENT.GROUP_ANSWERS_HIDDEN_UNTIL_MINE
MASKED_KEYS = listed(ENVIRONMENT.MASKED_KEYS)
MASK_NUMBERS = ENVIRONMENT.MASK_NUMBERS
PRESENCE = ENVIRONMENT.PRESENCE
INSIGHTS_BY_PERSON = ENVIRONMENT.INSIGHTS_BY_PERSON
MOBIUS_EVENT_LIMIT = ENVIRONMENT.MOBIUS_EVENT_LIMIT * 1024 * 1024
MOBIUS_RESPONSE_LIMIT = ENVIRONMENT.MOBIUS_RESPONSE_LIMIT * 1024 * 1024
HISTORY_DAYS = timedelta(days=ENVIRONMENT.HISTORY_DAYS)

DEBUG = ENVIRONMENT.DEBUG
# An IPv6 address keeps its brackets, as in the Host header.
ALLOWED_HOSTS = [*listed(ENVIRONMENT.ALLOWED_HOSTS), public.netloc.removesuffix(f":{public.port}")]
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
    # For FORM_RENDERER, which uses the widgets' templates.
    "django.forms",
    "django_htmx",
    "csp",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "inbox.engine",
]
MIDDLEWARE = [
    "reviewer_site.middleware.note_request",
    # Before the others, so that responses of middleware that refuses a request are marked too.
    "reviewer_site.middleware.mark_response",
    "reviewer_site.middleware.more_headers",
    "reviewer_site.middleware.never_cache",
    "reviewer_site.middleware.localize",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "reviewer_site.middleware.CompressHTML",
    "django_htmx.middleware.HtmxMiddleware",
    "reviewer_site.middleware.no_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "reviewer_site.middleware.end_sessions",
    "reviewer_site.middleware.localize_for_person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
    "reviewer_site.middleware.SignInRequired",
    "reviewer_site.middleware.remember_browser",
    "reviewer_site.middleware.refuse_unread_body",
    "reviewer_site.middleware.explain_not_allowed",
    "reviewer_site.middleware.name_actor",
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
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "reviewer_site.templates.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
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
    config = database(url or f"sqlite:///{DATA_DIR / file}")
    if config["ENGINE"] == "django.db.backends.sqlite3":
        config["ENGINE"] = "reviewer_site.sqlite"
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        }
        config["TEST"] = {"NAME": str(DATA_DIR / f"test-{file}")}
        # A new connection reads the whole schema before its first query.
        config["CONN_MAX_AGE"] = 60
    else:
        # Notice within seconds that the server is gone, not when TCP gives up. The keepalives are
        # for a running query and for an idle connection.
        patience = {
            "connect_timeout": 5,
            "tcp_user_timeout": 10_000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
        }
        config["OPTIONS"] = patience | config.get("OPTIONS", {})
        if file.startswith("engine"):
            config["CONN_MAX_AGE"] = 60  # the engine has few threads, which stay
        else:
            # Each page has its own thread, and a connection kept by the thread would be lost with
            # it. An answer that waits for Mobius keeps its connection, so there must be more of
            # them than concurrent pages. Without a connection within 5 s, a page is a 503 and
            # does not hang; and the pool must not pause for minutes before it tries again.
            pool = {
                "min_size": 1,
                "max_size": DATABASE_CONNECTIONS,
                # Close connections soon after a crowd: PostgreSQL allows 100 in all.
                "max_idle": 60,
                "timeout": 5,
                "reconnect_timeout": 5,
            }
            config["OPTIONS"]["pool"] = pool
    config["CONN_HEALTH_CHECKS"] = True
    # The databases don't depend on each other: a test may use only one.
    config.setdefault("TEST", {})["DEPENDENCIES"] = []
    return config


DATABASES = {
    "default": _database(ENVIRONMENT.DATABASE_URL, "inbox.sqlite3"),
    "engine": _database(ENVIRONMENT.ENGINE_DATABASE_URL, "engine.sqlite3"),
}
LIVE_BUS = (
    "inbox.live.bus.memory_bus"
    if DATABASES["default"]["ENGINE"] == "reviewer_site.sqlite"
    else "inbox.processes.postgres_bus.postgres_bus"
)
DATABASE_ROUTERS = ["inbox.engine.router.EngineRouter"]
CACHES = {
    # Shared by all processes. allauth notes used codes and ID tokens here. More than MAX_ENTRIES,
    # and entries would be deleted before they expire.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "inbox_cacheentry",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    # For {% cache %} in templates: each process has its own.
    "template_fragments": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
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
LOGOUT_REDIRECT_URL = "/accounts/login/?signed-out"
CSRF_FAILURE_VIEW = "inbox.web.account.signed_out.csrf_failure"
AXES_HANDLER = "inbox.people.throttle.Throttle"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "inbox.web.account.sign_in.locked"
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "inbox.lib.addresses.counted_address"
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# A refused attempt does not prolong the wait, so Retry-After stays true.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# axes stores the form of a failed attempt, but not passwords or text typed for a question.
AXES_SENSITIVE_PARAMETERS = [
    "username",
    "ip_address",
    "old_password",
    "new_password1",
    "new_password2",
    "kept-value",
    "kept-comment",
]
# Of allauth's pages, only those of the second factor have addresses. It sends no mail, and its
# limits are not used, nor its way of asking for the password again: ours count failures in the
# database, for every form with a password or a code.
ACCOUNT_ADAPTER = "inbox.web.account.provider_adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "inbox.web.account.provider_adapters.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {"provider_class": "inbox.people.oidc.identity_provider.Provider"}
}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SIGNUP_FIELDS = ["username*"]
ACCOUNT_RATE_LIMITS = False
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
MFA_ADAPTER = "inbox.people.second_factor.Adapter"
MFA_FORMS = {
    "authenticate": "inbox.web.account.second_factor_forms.CodeForm",
    "activate_totp": "inbox.web.account.second_factor_forms.AppForm",
    "add_webauthn": "inbox.web.account.second_factor_forms.PasskeyForm",
    "generate_recovery_codes": "inbox.web.account.second_factor_forms.CodesForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_REAUTHENTICATION_REQUIRED = False
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Reviewer inbox"
MFA_TOTP_TOLERANCE = 1
# PUBLIC_URL is http only for this machine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = public.scheme == "http"
TRUSTED_PROXIES = read_networks(ENVIRONMENT.TRUSTED_PROXIES)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [ROOT / "inbox" / "locale"]
TIME_ZONE = ENVIRONMENT.TIME_ZONE

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# Mode of what collectstatic creates in DATA_DIR, and of DATA_DIR itself.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STATICFILES_DIRS = [ROOT / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "inbox.lib.static_files.Storage"},
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
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT.HSTS_SUBDOMAINS
SECURE_HSTS_PRELOAD = ENVIRONMENT.HSTS_PRELOAD
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
MORE_SECURITY_HEADERS = {
    # Django sets the first three too, but not where it redirects to https.
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "autoplay",
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
        "worker-src": ["'self'"],
        # A browser also checks where a form's response redirects to.
        "form-action": ["'self'", *(OIDC.origins if OIDC else ())],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

LOGGING = logs.configuration(ENVIRONMENT.LOG_FORMAT)
