"""The end of the decision log."""

from django.db import models


class DecisionHead(models.Model):
    """A single row with the length of the log, so that a shortened log is noticed.

    ``mac`` is over all other fields, with a key that is not in the database. ``unsealed_from`` is
    the number of the first entry written after a head whose ``mac`` did not match: entries before
    it may have been removed.
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
