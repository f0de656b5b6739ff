"""An answer that was typed and not sent."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Draft(models.Model):
    """Only its owner reads it. A question has several if two devices typed different texts.

    ``values`` is the form's ``value`` field as submitted, a list of strings. ``version`` counts
    saves. ``form`` is the operation id of the form that saved it last, ``device`` a digest of that
    browser's session. ``closed_at`` is set when others closed the question; the draft is deleted 30
    days later.
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
        """Identifies this version. A form that was filled from it sends it when it saves."""
        return f"{self.pk}-{self.version}"

    @property
    def empty(self) -> bool:
        """Whether it has no text."""
        return not any(self.values) and not self.comment
