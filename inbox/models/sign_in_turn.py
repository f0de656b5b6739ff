"""When a username with too many failures accepts the next attempt."""

from django.db import models


class SignInTurn(models.Model):
    """A username with too many wrong passwords accepts one attempt from ``next_at`` on. The row is
    changed before the password is checked, so that of two simultaneous attempts one is accepted.
    """

    username = models.CharField(max_length=255, primary_key=True)
    next_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.username} from {self.next_at}"
