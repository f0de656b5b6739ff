"""The settings of the OpenID Connect provider. No Django."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from reviewer_site.environment import Environment, Misconfigured, listed

REQUIRED = ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_BREAK_GLASS")


@dataclass(frozen=True)
class Oidc:
    """The provider, and who gets an account. ``origins`` are those to which a browser is sent to
    sign in.

    An account is created for someone with a verified email address in ``domains`` or in one of
    ``groups``. ``break_glass`` is the administrator whose password still works.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    scopes: tuple[str, ...]
    origins: tuple[str, ...]
    domains: frozenset[str]
    groups_claim: str
    groups: frozenset[str]
    reviewer_groups: frozenset[str]
    lead_groups: frozenset[str]
    mobius_id_claim: str
    break_glass: str


def read(environment: Environment) -> Oidc | None:
    """The settings; None if no provider is configured. Raises Misconfigured."""
    if not environment.OIDC_ISSUER:
        return None
    for name in REQUIRED:
        if not getattr(environment, name):
            raise Misconfigured(f"{name} is missing; it's required with OIDC_ISSUER.")
    issuer = urlsplit(environment.OIDC_ISSUER)
    origins = listed(environment.OIDC_ORIGINS) or (f"{issuer.scheme}://{issuer.netloc}",)
    return Oidc(
        issuer=environment.OIDC_ISSUER,
        client_id=environment.OIDC_CLIENT_ID,
        client_secret=environment.OIDC_CLIENT_SECRET,
        name=environment.OIDC_NAME or issuer.hostname or "",
        scopes=tuple(environment.OIDC_SCOPES.split()),
        origins=origins,
        domains=frozenset(domain.lower() for domain in listed(environment.OIDC_ALLOWED_DOMAINS)),
        groups_claim=environment.OIDC_GROUPS_CLAIM,
        groups=frozenset(listed(environment.OIDC_ALLOWED_GROUPS)),
        reviewer_groups=frozenset(listed(environment.OIDC_REVIEWER_GROUPS)),
        lead_groups=frozenset(listed(environment.OIDC_LEAD_GROUPS)),
        mobius_id_claim=environment.OIDC_MOBIUS_ID_CLAIM,
        break_glass=environment.OIDC_BREAK_GLASS,
    )
