"""Read from the environment once; a missing or wrong value stops the start with its name."""

from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("GUILDHALL_DEBUG", default=False)
SECRET_KEY = env.str("GUILDHALL_SECRET_KEY")
GUILDHALL_URL = env.str("GUILDHALL_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("GUILDHALL_HOSTS", default=["127.0.0.1", "localhost", urlsplit(GUILDHALL_URL).hostname])
CSRF_TRUSTED_ORIGINS = [GUILDHALL_URL]
_SECURE = GUILDHALL_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# PostgreSQL
DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 12, "timeout": 20}}

# Valkey: the queue is a hint, the database is the truth
REDIS_URL = env.str("REDIS_URL")

# S3. The public endpoint is what browsers and clients reach; presigned URLs name it.
S3_ENDPOINT_URL = env.str("S3_ENDPOINT_URL")
S3_PUBLIC_ENDPOINT_URL = env.str("S3_PUBLIC_ENDPOINT_URL", default=S3_ENDPOINT_URL)
S3_ACCESS_KEY_ID = env.str("S3_ACCESS_KEY_ID")
S3_SECRET_ACCESS_KEY = env.str("S3_SECRET_ACCESS_KEY")
S3_BUCKET = env.str("S3_BUCKET", default="guildhall")
S3_REGION = env.str("S3_REGION", default="us-east-1")
UPLOAD_PART_BYTES = env.int("GUILDHALL_UPLOAD_PART_BYTES", default=16 * 2**20)
MAX_FILE_BYTES = env.int("GUILDHALL_MAX_FILE_BYTES", default=64 * 2**30)
UPLOAD_HOURS = env.int("GUILDHALL_UPLOAD_HOURS", default=72)  # a draft's files that are not submitted by then are swept
# Stock clients of the hub's protocol are told all addresses of a file before they send its first part.
HUB_UPLOAD_SECONDS = env.int("GUILDHALL_HUB_UPLOAD_SECONDS", default=12 * 3600)
XET_UPLOADS = env.bool("GUILDHALL_XET_UPLOADS", default=True)  # the chunked road that newer clients take
PRESIGNED_SECONDS = env.int("GUILDHALL_PRESIGNED_SECONDS", default=300)
# After a withdrawal: how long the stored bytes are kept before they are destroyed (0 allowed), and how many models are
# blocked in one transaction.
DESTRUCTION_GRACE_HOURS = env.float("GUILDHALL_DESTRUCTION_GRACE_HOURS", default=72)
BLOCK_AT_ONCE = 100
# A merged model may be worse than its anchor on the public probe by at most this share.
PROBE_MAX_REGRESSION = env.float("GUILDHALL_PROBE_MAX_REGRESSION", default=0.5)
VALIDATION_MAX_REGRESSION = env.float("GUILDHALL_VALIDATION_MAX_REGRESSION", default=0.25)
# What a composed model is in the eyes of the law: a derivative of its parts, so that share-alike reaches the whole and
# no-derivatives forbids it, or a collection of works that stay their own. See docs/governance.md.
COMPOSITION_COUNTS_AS = env.str("GUILDHALL_COMPOSITION_COUNTS_AS", default="derivative")
if COMPOSITION_COUNTS_AS not in {"derivative", "collection"}:
    raise ImproperlyConfigured(
        f"GUILDHALL_COMPOSITION_COUNTS_AS is {COMPOSITION_COUNTS_AS!r}; it must be derivative or collection."
    )
# Builds that an organisation may have under way at once; those that a withdrawal or a selector asks for come on top.
BUILDS_AT_ONCE = env.int("GUILDHALL_BUILDS_AT_ONCE", default=20)
# The log: its name; the keys that sign it, our statements and composed models; who else signs it. See docs/operate.md.
LOG_ORIGIN = env.str("GUILDHALL_LOG_ORIGIN", default="")
LOG_PREFIX = env.str("GUILDHALL_LOG_PREFIX", default="log/")  # where its tiles lie in the bucket
LOG_KEYS = env.str("GUILDHALL_LOG_KEYS", default="")
STATEMENT_KEY = env.str("GUILDHALL_STATEMENT_KEY", default="")
MODEL_KEY = env.str("GUILDHALL_MODEL_KEY", default="")
WITNESSES = env.str("GUILDHALL_WITNESSES", default="")
WITNESS_QUORUM = env.int("GUILDHALL_WITNESS_QUORUM", default=0)
# Messages: private networks that a webhook may stand in, besides the public internet; how mail goes out, if it does.
try:
    WEBHOOK_NETWORKS = [ip_network(text) for text in env.str("GUILDHALL_WEBHOOK_NETWORKS", default="").split()]
except ValueError as fault:
    raise ImproperlyConfigured(f"GUILDHALL_WEBHOOK_NETWORKS: {fault}") from fault
EMAIL_URL = env.str("EMAIL_URL", default="")
vars().update(env.email_url_config(EMAIL_URL or "dummymail://"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("GUILDHALL_MAIL_FROM", default=f"guildhall@{urlsplit(GUILDHALL_URL).hostname}")
# The workers: how often what got stuck is looked for, when it counts as stuck, the longest that one job may take.
SWEEP_SECONDS = env.float("GUILDHALL_SWEEP_SECONDS", default=10)
STUCK_SECONDS = env.float("GUILDHALL_STUCK_SECONDS", default=30)
JOB_SECONDS = env.int("GUILDHALL_JOB_SECONDS", default=7200)
KEEP_UNUSED_HOURS = env.float("GUILDHALL_KEEP_UNUSED_HOURS", default=168)  # shards that no model holds
SCRATCH = Path(env.str("GUILDHALL_SCRATCH", default=str(Path(gettempdir()) / "guildhall-scratch")))
# Reviews: how many approvals a version needs, by when it should be decided and how long before reviewers are reminded,
# how long a claim keeps others away.
REQUIRED_APPROVALS = env.int("GUILDHALL_REQUIRED_APPROVALS", default=1)
REVIEW_HOURS = env.float("GUILDHALL_REVIEW_HOURS", default=120)
REVIEW_REMIND_HOURS = env.float("GUILDHALL_REVIEW_REMIND_HOURS", default=24)
CLAIM_MINUTES = env.float("GUILDHALL_CLAIM_MINUTES", default=60)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "registry",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "registry.api.problems.refuse_nul",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # below the policy, so that files go out under it too
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "registry.urls"
ASGI_APPLICATION = "registry.asgi.application"
APPEND_SLASH = False
TEMPLATES: list[dict[str, object]] = []

AUTH_USER_MODEL = "registry.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# Signing in: registry/api/signing_in.py picks what of allauth can be reached.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_REDIRECT_URL = "/"
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ["browser"]
HEADLESS_FRONTEND_URLS = {"socialaccount_login_error": "/login"}
ACCOUNT_ADAPTER = "registry.api.signing_in.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = attrgetter("name")
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses come from an operator, who invites them
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("GUILDHALL_AGAIN_SECONDS", default=300)
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("GUILDHALL_PROXIES", default=0)
MFA_ADAPTER = "registry.api.signing_in.SecondSteps"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Guildhall"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
SOCIALACCOUNT_ADAPTER = "registry.api.signing_in.Identities"
# An identity provider that speaks OpenID Connect; without an issuer there is none.
OIDC_ISSUER = env.str("GUILDHALL_OIDC_ISSUER", default="").rstrip("/")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "organisation",
                "name": env.str("GUILDHALL_OIDC_NAME", default="your organisation"),
                "client_id": env.str("GUILDHALL_OIDC_CLIENT_ID", default=""),
                "secret": env.str("GUILDHALL_OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False

# The built front end: hashed files under /assets, index.html for every page.
FRONTEND_DIST = ROOT / "frontend" / "dist"
STATIC_URL = "/static/"
WHITENOISE_ROOT = str(FRONTEND_DIST) if FRONTEND_DIST.is_dir() else None
WHITENOISE_INDEX_FILE = False  # registry/api/pages.py hands out the page itself, with its nonce
WHITENOISE_AUTOREFRESH = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/assets/.+-[\w-]{8}\."  # the build puts a digest into these names

_ISSUER = urlsplit(OIDC_ISSUER)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],  # the component library sets its variables in a style element
        "img-src": [SELF, "data:"],
        "connect-src": [SELF, S3_PUBLIC_ENDPOINT_URL],  # uploads go straight to the object store
        "frame-ancestors": ["'none'"],
        "base-uri": [SELF],
        # the way to the identity provider begins with a form of ours
        "form-action": [SELF, *([f"{_ISSUER.scheme}://{_ISSUER.netloc}"] if OIDC_ISSUER else [])],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "registry.api.callers.TokenCaller",
        "registry.api.callers.SessionCaller",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["registry.api.bodies.StrictJSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "registry.api.schema.Operation",
    "DEFAULT_PAGINATION_CLASS": "registry.api.paging.Pages",
    "EXCEPTION_HANDLER": "registry.api.problems.as_problem",
    "DEFAULT_THROTTLE_RATES": {"login": env.str("GUILDHALL_LOGIN_RATE", default="20/min")},
    # How many proxies of ours stand before us; an address that a caller writes itself is not counted by.
    "NUM_PROXIES": env.int("GUILDHALL_PROXIES", default=0),
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Guildhall",
    "DESCRIPTION": "A registry and governance service for language-model experts.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SecondStep": "allauth.mfa.models.Authenticator.Type",
        "Role": "registry.accounts.models.Role",
        "InvitationState": "registry.api.invitations.STATES",
        "AnchorState": "registry.experts.models.AnchorState",
        "VersionState": "registry.experts.models.VersionState",
        "DeliveryState": "registry.notices.models.DeliveryState",
        "Verdict": "registry.reviews.models.Verdict",
        "SuspensionCause": "registry.reviews.models.SuspensionCause",
        "ChecklistAnswer": "registry.reviews.checklists.Said",
        "EvidenceKind": "registry.evidence.models.FileKind",
        "ConsentState": "registry.evidence.models.ConsentState",
        "Step": "registry.withdrawals.models.Step",
        "LegalBasis": "registry.withdrawals.models.LegalBasis",
        "Cause": "registry.withdrawals.models.Cause",
        "CompositionState": "registry.compositions.models.CompositionState",
        "OnWithdrawal": "registry.compositions.models.OnWithdrawal",
        "Event": "registry.audit.events.Event",
    },
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
