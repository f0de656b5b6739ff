from urllib.parse import urlsplit

from inbox.lib.startup import Misconfigured
from inbox.people.oidc.settings import Oidc
from reviewer_site.environment import Environment, listed

REQUIRED = ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_BREAK_GLASS")


def read(environment: Environment) -> Oidc | None:
    """None if no provider is configured. Raises Misconfigured."""
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
