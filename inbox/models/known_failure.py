"""Wrong passwords of those who are known."""

from django.db import models


class KnownFailure(models.Model):
    """A wrong password from a browser that has signed in under this name before, or from somebody
    who is signed in under it. ``by`` says which one, and for which name; nobody else's failures
    count against it.
    """

    by = models.CharField(max_length=300)
    attempt_time = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["by", "attempt_time"], name="known_failure_newest")]

    def __str__(self) -> str:
        return f"{self.by} at {self.attempt_time}"
