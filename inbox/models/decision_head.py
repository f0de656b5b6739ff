"""Where the decision log ends."""

from django.db import models


class DecisionHead(models.Model):
    """The one row that says how long the log is; kept apart, so that a log cut short is seen.

    ``mac`` is over all other fields, under a key that the database does not hold. ``unsealed_from``
    is the number of the first entry that was written after a head whose ``mac`` did not match: from
    there back nobody can say that nothing was cut off.
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    unsealed_from = models.BigIntegerField(null=True)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_head")]

    def __str__(self) -> str:
        return f"{self.number}: {self.hash}"
