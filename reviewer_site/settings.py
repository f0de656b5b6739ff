"""Django's settings, made of the environment."""

import dj_database_url

from reviewer_site.environment import ROOT, Environment

ENVIRONMENT = Environment()
BASE_DIR = ROOT
DATA_DIR = (ROOT / ENVIRONMENT.DATA_DIR).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = ENVIRONMENT.SECRET_KEY or "insecure"
DEBUG = ENVIRONMENT.DEBUG
ALLOWED_HOSTS = [h for h in ENVIRONMENT.ALLOWED_HOSTS.split(",") if h] or ["127.0.0.1", "localhost"]

MOBIUS_BASE_URL = ENVIRONMENT.MOBIUS_BASE_URL or f"http://127.0.0.1:{ENVIRONMENT.ENGINE_PORT}"
MOBIUS_API_KEY = ENVIRONMENT.MOBIUS_API_KEY
MOBIUS_PROJECT = ENVIRONMENT.MOBIUS_PROJECT or "demo"
CREDENTIAL_KEYS = [k for k in ENVIRONMENT.CREDENTIAL_KEYS.split(",") if k]
SERVICE_KEY_ANSWERS = ENVIRONMENT.SERVICE_KEY_ANSWERS

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
DATABASES = {
    "default": dj_database_url.parse(
        ENVIRONMENT.DATABASE_URL or f"sqlite:///{DATA_DIR / 'inbox.sqlite3'}"
    ),
    "engine": dj_database_url.parse(
        ENVIRONMENT.ENGINE_DATABASE_URL or f"sqlite:///{DATA_DIR / 'engine.sqlite3'}"
    ),
}
DATABASE_ROUTERS = ["inbox.engine.router.EngineRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/inbox/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
LANGUAGE_CODE = "en"
TIME_ZONE = ENVIRONMENT.TIME_ZONE
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [ROOT / "static"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
