"""A one-time link for setting a password."""

from django.conf import settings
from django.db import models


class OneTimeLink(models.Model):
    """The sign-in link of ``user``, or without one the setup link of the installation.

    There is one of each; a new one replaces the old. Only the SHA-256 of its token is stored.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"the sign-in link of {self.user}" if self.user else "the setup link"
