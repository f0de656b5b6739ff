"""When a name that is under attack takes another password."""

from django.db import models


class SignInTurn(models.Model):
    """One try at a time: a name to which too many wrong passwords were given takes the next one
    from ``next_at`` on. The row is changed before the password is looked at, so that of two
    browsers that try at once one has the turn.
    """

    username = models.CharField(max_length=255, primary_key=True)
    next_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.username} from {self.next_at}"
