"""People: their accounts, tokens and attempts to sign in."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


def validate_one_line(value: str) -> None:
    """IDs are used in logs and headers."""
    if not value.isprintable():
        raise ValidationError(_("An ID can't contain line breaks or other control characters."))


class Guard(models.TextChoices):
    CONFIRM = "confirm", gettext_lazy("Ask first")
    UNDO = "undo", gettext_lazy("Send with undo")


class Theme(models.TextChoices):
    SYSTEM = "system", gettext_lazy("System")
    LIGHT = "light", gettext_lazy("Light")
    DARK = "dark", gettext_lazy("Dark")


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", gettext_lazy("Comfortable")
    COMPACT = "compact", gettext_lazy("Compact")


class Reviewer(models.Model):
    """Created with the account.

    ``mobius_id`` is set by an administrator or proven by a member token; people can't enter it.
    ``answer_guard`` and ``undo_seconds`` are empty and null for the installation's default,
    ``language`` and ``time_zone`` are empty for the browser's. ``browser_zone`` is what
    the browser named at the last sign-in. ``new_email`` is an address that the person has entered
    and not proven yet. ``inbox.people.names`` keeps ``name`` current.
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
    preview_enabled = models.BooleanField(gettext_lazy("previews"), default=True)
    notify_new = models.BooleanField(gettext_lazy("notifications of new questions"), default=True)
    notify_due = models.BooleanField(gettext_lazy("notifications of due questions"), default=True)
    notify_not_sent = models.BooleanField(
        gettext_lazy("notifications of unsent answers"), default=True
    )
    answer_guard = models.CharField(max_length=10, blank=True, choices=Guard.choices)
    undo_seconds = models.PositiveSmallIntegerField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    browser_zone = models.CharField(max_length=64, default="", blank=True, editable=False)
    new_email = models.EmailField(default="", blank=True, editable=False)
    name = models.CharField(max_length=500, default="", editable=False)
    theme = models.CharField(max_length=6, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(max_length=11, choices=Density.choices, default=Density.COMFORTABLE)

    def __str__(self) -> str:
        return self.name

    @property
    def notify_any(self) -> bool:
        return self.notify_new or self.notify_due or self.notify_not_sent


class Credential(models.Model):
    """A reviewer's member token for an upstream. Only ``inbox.people.vault`` decrypts it.

    ``proven_at`` is when upstream confirmed its owner, None if it can't. ``refused_at`` is set when
    upstream refuses it with 401. ``used_at`` is when an answer was last sent with it.
    ``credential_id`` is Mobius' own for a token that the person got by signing in there; with it,
    Mobius revokes the token. It is empty for one that was pasted.
    """

    reviewer = models.OneToOneField(Reviewer, on_delete=models.CASCADE, related_name="credential")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    sealed = models.BinaryField(editable=False)
    prefix = models.CharField(max_length=8, editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    added_at = models.DateTimeField(editable=False)
    proven_at = models.DateTimeField(null=True, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    credential_id = models.TextField(default="", editable=False)

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last_four}"


class Machine(models.Model):
    """What Mobius lists besides people. Those of another upstream are replaced with it."""

    mobius_id = models.CharField(max_length=200, primary_key=True)
    name = models.CharField(max_length=300)

    def __str__(self) -> str:
        return self.name


class OneTimeLink(models.Model):
    """The sign-in link of ``user``, or without one the setup link of the installation.

    A new one replaces the old. Only the SHA-256 of its token is stored.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"the sign-in link of {self.user}" if self.user else "the setup link"


class LinkRequest(models.Model):
    """Someone asks for a link by email: a sign-in link if they have forgotten their password, or
    the link that proves their new ``address``.

    ``typed`` is a username or address, until the leader has looked it up; then there is a row
    for each account, with its ``user``. ``due_at`` is null once the link was sent or given up, and
    ``refused`` is what the mail server then said.
    """

    typed = models.CharField(max_length=254, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    address = models.EmailField(default="", blank=True)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=300, default="", blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"a link for {self.user or 'someone'}"


class KnownFailure(models.Model):
    """A wrong password from a browser or account that is known to use this username, a wrong code
    of an account's second factor, or a request for a sign-in link from a network address.
    """

    by = models.CharField(max_length=300)
    attempt_time = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["by", "attempt_time"], name="known_failure_newest")]

    def __str__(self) -> str:
        return f"{self.by} at {self.attempt_time}"


class SignInTurn(models.Model):
    """A username with too many wrong passwords accepts one attempt from ``next_at`` on. The row is
    changed before the password is checked, so that of two simultaneous attempts one is accepted.
    """

    username = models.CharField(max_length=255, primary_key=True)
    next_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.username} from {self.next_at}"
