"""A person who answers."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


def validate_one_line(value: str) -> None:
    """Refuse line breaks and other control characters: IDs are used in logs and headers."""
    if not value.isprintable():
        raise ValidationError(_("An ID can't contain line breaks or other control characters."))


class Reviewer(models.Model):
    """Who an account is in Mobius. It is created with the account.

    ``mobius_id`` is set by an administrator or proven by a member token; people can't enter it.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reviewer"
    )
    mobius_id = models.CharField(
        gettext_lazy("Mobius ID"),
        max_length=200,
        null=True,
        blank=True,
        unique=True,
        validators=[validate_one_line],
    )
    mobius_id_proven = models.BooleanField(
        default=False, editable=False, help_text="proven by a token, not set by an administrator"
    )
    keys_enabled = models.BooleanField(gettext_lazy("keyboard shortcuts"), default=True)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The person's display name."""
        return self.user.get_full_name() or self.user.get_username()
