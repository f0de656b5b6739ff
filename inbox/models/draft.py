"""What somebody has typed and not sent."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Draft(models.Model):
    """Read by its owner alone.

    ``values`` is the form's ``value`` field as submitted, a list of strings.

    ``closed_at`` is set when others closed the item; the draft is kept 30 days from then.
    """

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    values = models.JSONField(default=list)
    comment = models.TextField(default="", blank=True)
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id"], name="one_draft_each"
            )
        ]

    def __str__(self) -> str:
        return f"draft for {self.interaction_id}"
