"""One administrator must be able to sign in without the identity provider."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model

from inbox.management.findings import Finding, Verdict
from inbox.people.oidc.identity_provider import Adapter, NoAnswer, NotTheProvider, oidc


def examine() -> list[Finding]:
    """Empty without an identity provider."""
    return [_provider(), _break_glass()] if settings.OIDC else []


def _provider() -> Finding:
    issuer = oidc().issuer
    try:
        endpoint = urlsplit(Adapter(None, issuer).openid_config["authorization_endpoint"])
    except NoAnswer as error:
        return Finding(
            Verdict.FAILS,
            f"OIDC_ISSUER: {issuer} isn't responding ({type(error).__name__}), so people can't "
            "sign in. Check the address, and that this machine can reach it.",
        )
    except NotTheProvider as wrong:
        return Finding(Verdict.FAILS, f"OIDC_ISSUER: {wrong}")
    origin = f"{endpoint.scheme}://{endpoint.netloc}"
    if origin not in oidc().origins:
        return Finding(
            Verdict.FAILS,
            f"The identity provider's sign-in page is at {origin}. Add that to OIDC_ORIGINS; "
            "otherwise browsers won't go there.",
        )
    return Finding(Verdict.OK, f"The identity provider {issuer} is responding.")


def _break_glass() -> Finding:
    name = oidc().break_glass
    user = get_user_model().objects.filter(username=name).first()
    if user and user.is_active and user.is_superuser and user.has_usable_password():
        return Finding(
            Verdict.OK,
            f"{name} can sign in with a password when the identity provider isn't working.",
        )
    return Finding(
        Verdict.TO_DO,
        f"OIDC_BREAK_GLASS: {name} isn't an administrator with a password. Run add_person {name} "
        "--admin, or no one can sign in when the identity provider isn't working.",
    )
