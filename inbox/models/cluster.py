"""Tables that several web processes on one PostgreSQL share."""

from django.db import models


class Lease(models.Model):
    """The right to lead: only the leader syncs with Mobius and does what must be done once.

    ``holder`` leads until ``until``, by the database's clock, and longer if it renews that.
    ``number`` rises whenever the lease is taken. Each transaction of a leader checks its number and
    keeps this row locked, so one that was taken over from changes nothing more. ``report`` is what
    the leader tells the others about its work.
    """

    name = models.CharField(max_length=20, primary_key=True)
    holder = models.CharField(max_length=63)
    number = models.BigIntegerField(default=0)
    until = models.DateTimeField()
    report = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.number}: {self.holder}"


class LoggedChange(models.Model):
    """A row of the change log: what a process has published, for the others.

    ``origin`` is that process. ``messages`` are in order: ``{"changed": {topic: ids}}``, or
    ``{"channel", "text"}``.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    origin = models.CharField(max_length=63)
    messages = models.JSONField()

    def __str__(self) -> str:
        return f"change {self.pk}"


class CacheEntry(models.Model):
    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.cache_key


class CountedCall(models.Model):
    limiter = models.CharField(max_length=20)
    account = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["limiter", "account", "at"], name="counted_calls")]

    def __str__(self) -> str:
        return f"{self.limiter} of {self.account}"
