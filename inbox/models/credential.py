"""A member token at rest."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Credential(models.Model):
    """One reviewer's member token for one upstream, encrypted.

    ``inbox.people.vault`` alone opens it.

    ``proven_at`` is when upstream said whose it is, None where upstream cannot say. ``refused_at``
    is set when upstream answered 401 to it, and cleared by a new one. ``used_at`` is when an
    answer last went out with it.
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

    def __str__(self) -> str:
        return f"{self.prefix}…{self.last_four}"
