"""The accounts of people who sign in with the identity provider.

An account is created for a verified email address, if its domain or one of the person's groups is
allowed. An existing account is linked only by a sign-in link, which an administrator has made: an
email address proves nothing about an account here.
"""

import re
from contextlib import AbstractContextManager
from enum import StrEnum

from allauth.account.utils import filter_users_by_email
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from inbox.audit import rights_log
from inbox.audit.origin import Actor, Origin, acting
from inbox.models import Reviewer, Upstream
from inbox.people import accounts as people
from inbox.people import links, member_tokens
from inbox.people.accounts import Role
from inbox.people.oidc.identity_provider import Claims, oidc

_NOT_IN_USERNAMES = re.compile(r"[^\w.@+-]")


class Reason(StrEnum):
    UNVERIFIED = "unverified"
    NOT_ALLOWED = "not_allowed"
    HAS_ACCOUNT = "has_account"
    DEACTIVATED = "deactivated"
    LINK_OVER = "link_over"
    OF_ANOTHER = "of_another"


class NotSignedIn(Exception):
    """Nothing has changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def check_known(user: User) -> None:
    """Raise ``NotSignedIn`` if the account may not be used."""
    if not user.is_active:
        raise NotSignedIn(Reason.DEACTIVATED)


def check_new(claims: Claims) -> None:
    """Raise ``NotSignedIn`` unless an account may be created for this person."""
    if not claims.email:
        raise NotSignedIn(Reason.UNVERIFIED)
    domain = claims.email.rpartition("@")[2]
    if domain not in oidc().domains and not claims.groups & oidc().groups:
        raise NotSignedIn(Reason.NOT_ALLOWED)
    same = Q(username__iexact=_username(claims)) | Q(email__iexact=claims.email)
    taken = get_user_model().objects.filter(same)
    if taken.exists() or filter_users_by_email(claims.email):
        raise NotSignedIn(Reason.HAS_ACCOUNT)


def fill_in(user: User, claims: Claims) -> None:
    """The username is the verified email address: with a name that people can choose at the
    provider, they could pass for someone else.
    """
    user.username, user.email = _username(claims), claims.email
    for name in ("first_name", "last_name"):
        text = getattr(claims, name)
        setattr(user, name, text[:150] if text.isprintable() else "")


def acting_for(user: User, origin: Origin) -> AbstractContextManager[None]:
    return acting(lambda: Actor(user.get_username(), origin=origin, credential_kind="provider"))


def give_claimed_role(user: User, claims: Claims) -> None:
    if claims.groups & oidc().lead_groups:
        people.give_role(user, Role.LEAD)
    elif claims.groups & oidc().reviewer_groups:
        people.give_role(user, Role.REVIEWER)


def link(pk: int, account: SocialAccount, *, origin: Origin) -> User:
    """Use up a sign-in link, and replace an account of the provider that was linked before.

    Raises ``NotSignedIn``.
    """
    try:
        with transaction.atomic():
            Upstream.lock_current()
            user = links.take(pk)
            known = SocialAccount.objects.filter(provider=account.provider, uid=account.uid).first()
            if known is not None and known.user_id != user.pk:
                raise NotSignedIn(Reason.OF_ANOTHER)
            if known is None:
                with acting_for(user, origin):
                    SocialAccount.objects.filter(user=user).delete()
                    account.user = user
                    account.save()
    except links.NotValid:
        raise NotSignedIn(Reason.LINK_OVER) from None
    return user


def identify(reviewer: Reviewer, claims: Claims, *, origin: Origin) -> bool:
    """False if the ID is invalid, or another account has it, which is logged."""
    claimed = claims.mobius_id
    if not claimed or reviewer.mobius_id:
        return True
    with acting_for(reviewer.user, origin):
        return _identify(reviewer, claimed)


def _identify(reviewer: Reviewer, claimed: str) -> bool:
    try:
        Reviewer._meta.get_field("mobius_id").clean(claimed, reviewer)
        with transaction.atomic():
            Upstream.lock_current()
            row = Reviewer.objects.select_for_update().get(pk=reviewer.pk)
            if not row.mobius_id:
                member_tokens.assign(row, mobius_id=claimed)
    except ValidationError:
        return False
    except IntegrityError:
        rights_log.enter_refused_claim(reviewer, claimed)
        return False
    reviewer.refresh_from_db(fields=["mobius_id", "mobius_id_proven"])
    return True


def _username(claims: Claims) -> str:
    return _NOT_IN_USERNAMES.sub("_", claims.email)[:150]
