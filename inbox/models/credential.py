"""An encrypted member token."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Credential(models.Model):
    """A reviewer's member token for an upstream. Only ``inbox.people.vault`` decrypts it.

    ``proven_at`` is when upstream told whose it is, None if it can't. ``refused_at`` is set when
    upstream refuses it with 401. ``used_at`` is when an answer was last sent with it.
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
