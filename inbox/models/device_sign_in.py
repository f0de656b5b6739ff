"""Member tokens that people get by signing in at Mobius: asking for them, and giving them back."""

from datetime import datetime, timedelta

from django.db import models

from inbox.models.reviewer import Reviewer


class DeviceSignIn(models.Model):
    """A person's sign-in at Mobius by device flow. Deleted once its token is stored.

    ``sealed`` is the device code, from ``RECEIVED`` on the token, and empty at the end. ``next_at``
    is when the leader looks at it again, None at the end. ``interval`` is in seconds.

    ``UNCONFIRMED``: the person has yet to confirm that they are ``owner``. ``NOT_ADOPTED``: the
    token was refused here, for ``reason`` as in ``inbox.people.member_tokens``; ``owner`` is whose
    it was. ``FAILED``: for what Mobius says in ``message``, if anything.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RECEIVED = "received"
        UNCONFIRMED = "unconfirmed"
        DENIED = "denied"
        EXPIRED = "expired"
        NOT_ADOPTED = "not_adopted"
        FAILED = "failed"

    HAS_TOKEN = (State.RECEIVED, State.UNCONFIRMED)

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    sealed = models.BinaryField(editable=False)
    user_code = models.TextField()
    link = models.TextField()
    interval = models.PositiveIntegerField()
    next_at = models.DateTimeField(null=True, db_index=True)
    expires_at = models.DateTimeField()
    credential_id = models.TextField(default="")
    owner = models.CharField(max_length=200, default="")
    reason = models.CharField(max_length=20, default="")
    message = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "upstream"], name="one_device_sign_in_each")
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.state}"

    @property
    def waits(self) -> bool:
        return self.state in (self.State.PENDING, self.State.RECEIVED)


class TokenRevocation(models.Model):
    """A token that Mobius has to revoke. Deleted once Mobius has done so.

    ``reviewer`` is None if the account was deleted since; ``name`` is the username. After a day
    without success, ``failed_at`` is set, and ``sealed`` and ``next_at`` are empty.
    """

    reviewer = models.ForeignKey(Reviewer, on_delete=models.SET_NULL, null=True, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=150)
    sealed = models.BinaryField(editable=False)
    last_four = models.CharField(max_length=4)
    credential_id = models.TextField()
    created_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    failed_at = models.DateTimeField(null=True)

    TRY_FOR = timedelta(days=1)

    def __str__(self) -> str:
        return f"…{self.last_four} of {self.name}"

    @property
    def until(self) -> datetime:
        return self.created_at + self.TRY_FOR
