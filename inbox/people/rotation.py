"""Encrypting all member tokens, and the secrets of second factors, of sign-ins at Mobius and of
group channels, with the newest key.
"""

from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

from inbox.models import Credential, DeviceSignIn, GroupChannel, TokenRevocation
from inbox.people import vault
from inbox.people.second_factor import SECRETS

SIGN_INS: tuple[type[DeviceSignIn | TokenRevocation], ...] = (DeviceSignIn, TokenRevocation)
CHANNEL_SECRETS = ("url", "secret", "old_secret")


class KeysLost(LookupError):
    """``names`` are the usernames of the accounts, and the hosts of group channels."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def rotate(*, batch: int = 200) -> int:
    """Returns how many tokens there are. ``batch`` is how many are written in a transaction.

    Raises ``KeysLost``, before anything is written, if a token can't be decrypted.
    """
    if names := lost():
        raise KeysLost(names)
    _reseal_second_factors()
    _reseal_sign_ins()
    _reseal_group_channels()
    ids = list(Credential.objects.order_by("pk").values_list("pk", flat=True))
    return sum(_reseal(ids[start : start + batch]) for start in range(0, len(ids), batch))


def lost() -> list[str]:
    return sorted({name for name, sealed in _all() if not vault.opens(sealed)})


@transaction.atomic
def _reseal_second_factors() -> None:
    for row in Authenticator.objects.select_for_update().filter(type__in=SECRETS):
        name = SECRETS[row.type]
        row.data[name] = vault.resealed(row.data[name].encode()).decode()
        row.save(update_fields=["data"])


@transaction.atomic
def _reseal_sign_ins() -> None:
    for model in SIGN_INS:
        for row in model.objects.select_for_update().exclude(sealed=b""):
            row.sealed = vault.resealed(row.sealed)
            row.save(update_fields=["sealed"])


@transaction.atomic
def _reseal_group_channels() -> None:
    for row in GroupChannel.objects.select_for_update():
        for name in CHANNEL_SECRETS:
            if sealed := getattr(row, name):
                setattr(row, name, vault.resealed(sealed))
        row.save(update_fields=CHANNEL_SECRETS)


@transaction.atomic
def _reseal(ids: list[int]) -> int:
    rows = list(Credential.objects.select_for_update().filter(pk__in=ids))
    for row in rows:
        row.sealed = vault.resealed(row.sealed)
    Credential.objects.bulk_update(rows, ["sealed"])
    return len(rows)


def _all() -> Iterator[tuple[str, bytes | memoryview]]:
    rows = Credential.objects.values_list("reviewer__user__username", "sealed")
    yield from rows.iterator(chunk_size=200)
    sign_ins = DeviceSignIn.objects.exclude(sealed=b"")
    yield from sign_ins.values_list("reviewer__user__username", "sealed")
    yield from TokenRevocation.objects.exclude(sealed=b"").values_list("name", "sealed")
    for factor in Authenticator.objects.filter(type__in=SECRETS).select_related("user"):
        yield factor.user.get_username(), factor.data[SECRETS[factor.type]].encode()
    for host, *sealed in GroupChannel.objects.values_list("host", *CHANNEL_SECRETS):
        yield from ((host, one) for one in sealed if one)
