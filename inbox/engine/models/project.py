"""A project: the space that everything else belongs to."""

from django.db import models


class Project(models.Model):
    """``seq`` is the newest event's number; its row is locked by whoever writes to the project."""

    handle = models.CharField(max_length=100, unique=True)
    seq = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.handle
