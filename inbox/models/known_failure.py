"""Wrong passwords of known browsers and people."""

from django.db import models


class KnownFailure(models.Model):
    """A wrong password from a browser that has signed in with this username before, or from
    somebody who is signed in with it. ``by`` identifies the browser or account.
    """

    by = models.CharField(max_length=300)
    attempt_time = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["by", "attempt_time"], name="known_failure_newest")]

    def __str__(self) -> str:
        return f"{self.by} at {self.attempt_time}"
