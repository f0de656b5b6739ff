"""What proves who is calling."""

from django.db import models

from inbox.engine.models.person import Person
from inbox.engine.models.project import Project


class Token(models.Model):
    """A bearer token, known by its SHA-256 alone.

    A member token has its ``person``; a service key has none.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{'member token' if self.person_id else 'service key'} {self.digest[:8]}…"
