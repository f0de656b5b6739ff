"""What somebody has typed and not sent."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Draft(models.Model):
    """Read by its owner alone. A question has several where two devices typed different texts.

    ``values`` is the form's ``value`` field as submitted, a list of strings. ``version`` counts its
    saves. ``form`` is the operation id of the form that saved it last, ``device`` a digest of that
    browser's session.

    ``closed_at`` is set when others closed the question; the draft is kept 30 days from then.
    """

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    values = models.JSONField(default=list)
    comment = models.TextField(default="", blank=True)
    version = models.PositiveIntegerField(default=1)
    form = models.CharField(max_length=64, default="", blank=True)
    device = models.CharField(max_length=16, default="", blank=True)
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id", "form"], name="one_draft_a_form"
            )
        ]

    def __str__(self) -> str:
        return f"draft for {self.interaction_id}"

    @property
    def base(self) -> str:
        """Names this version: a form that was filled from it says so when it saves."""
        return f"{self.pk}-{self.version}"

    @property
    def empty(self) -> bool:
        """Nothing is typed in it."""
        return not any(self.values) and not self.comment
