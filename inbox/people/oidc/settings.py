"""The settings of the OpenID Connect provider. No Django."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Oidc:
    """``origins`` are those to which a browser is sent to sign in.

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
