"""The decision log: what was done, who did it, and with which credential."""

from typing import Any, Never, Self

from django.db import models
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy

from inbox.models.canonical import CanonicalJSON
from inbox.models.upstream import Upstream

RESPOND = "respond"
ACCEPT, REQUEST_CHANGES = "accept", "request_changes"
"""The verbs of checkers, as Mobius calls their actions."""
WITH_RECEIPT = (RESPOND, ACCEPT, REQUEST_CHANGES)
"""The verbs of entries whose receipt everyone gets who sees the question and the answer."""
LOG_RESEALED = "log_resealed"
"""The verb of a break that an operator declared."""
UNCONFIRMED = "answer_unconfirmed"
"""The verb of an answer that Mobius accepted and did not show within five minutes."""


class AppendOnly(TypeError):
    pass


class Entries(models.QuerySet["Decision"]):
    """Only ``inbox.audit.decision_log.append`` writes."""

    def of(self, upstream: Upstream) -> Self:
        return self.filter(base_url=upstream.base_url, project=upstream.project)

    def as_stored(self) -> Self:
        """With ``observed_as_stored``: SQLite stores any number, and Django reads 7 as False."""
        return self.annotate(observed_as_stored=Cast("observed", models.IntegerField()))

    def update(self, **_: Any) -> Never:
        raise AppendOnly("the decision log is not changed")

    def bulk_update(self, *_: Any, **__: Any) -> Never:
        raise AppendOnly("the decision log is not changed")

    def delete(self) -> Never:
        raise AppendOnly("nothing is deleted from the decision log")


class Decision(models.Model):
    """An entry. It has plain ids, not foreign keys: people and questions may be deleted.

    ``actor`` is a Mobius ID, ``account`` a username here, for a ``command`` that of the operating
    system. ``at`` is when it was done, ``entered_at`` when it was logged. ``credential_kind`` is
    ``member`` (the person's own token), ``service`` (the service key), ``account`` (nothing was
    sent upstream) or ``command``. An ``observed`` answer was made outside this app: it has no
    account, address, credential or ``shown``.

    ``shown`` is what the person saw, with secrets masked. ``http_status`` is of a response that
    failed although upstream accepted the request. ``sent_at`` is later than ``decided_at`` for a
    held answer. ``title`` and ``workflow`` are those at that time.

    ``answers`` (as in ``inbox.models.answers``) and ``round`` are of an answer; entries of versions
    before 4 have its ``value`` instead. Any other entry has its details in ``value``.

    ``hash`` is over all fields (``inbox.audit.chain``) and ``previous``, the hash of the entry
    before.
    """

    number = models.BigIntegerField(gettext_lazy("number"), primary_key=True)
    version = models.PositiveSmallIntegerField()
    at = models.DateTimeField(gettext_lazy("time"))
    entered_at = models.DateTimeField(gettext_lazy("recorded"))
    verb = models.CharField(gettext_lazy("action"), max_length=40)
    observed = models.BooleanField(gettext_lazy("observed"), default=False)
    actor = models.CharField(gettext_lazy("Mobius ID"), max_length=200)
    account = models.CharField(gettext_lazy("account"), max_length=150, default="")
    address = models.CharField(gettext_lazy("IP address"), max_length=64, default="")
    credential_kind = models.CharField(gettext_lazy("credential"), max_length=10, default="")
    base_url = models.CharField(max_length=500)
    project = models.CharField(max_length=200)
    interaction_id = models.CharField(gettext_lazy("question ID"), max_length=200, default="")
    run_id = models.CharField(gettext_lazy("run ID"), max_length=200, default="")
    group_id = models.CharField(gettext_lazy("group ID"), max_length=200, default="")
    workflow = models.CharField(max_length=300, default="")
    title = models.CharField(max_length=300, default="")
    operation_id = models.CharField(max_length=64, default="")
    value = CanonicalJSON()
    answers = CanonicalJSON(null=True)
    round = models.PositiveIntegerField(default=0)
    comment = models.TextField(default="")
    shown = CanonicalJSON()
    http_status = models.PositiveSmallIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(gettext_lazy("hash"), max_length=64)

    objects = Entries.as_manager()

    class Meta:
        verbose_name = gettext_lazy("decision")
        verbose_name_plural = gettext_lazy("decisions")
        constraints = [
            # A person answers a question once a round, here or elsewhere, and that is logged once.
            models.UniqueConstraint(
                fields=["interaction_id", "actor", "round", "project", "base_url"],
                condition=models.Q(verb=RESPOND),
                name="answer_entered_once",
            )
        ]
        indexes = [
            models.Index(fields=["-at", "-number"], name="decision_newest"),
            models.Index(fields=["actor", "-at", "-number"], name="decision_of_person"),
            models.Index(fields=["verb", "-at", "-number"], name="decision_of_verb"),
            models.Index(fields=["workflow", "-at", "-number"], name="decision_of_workflow"),
            models.Index(fields=["interaction_id", "at"], name="decision_of_item"),
            models.Index(fields=["group_id", "-at"], name="decision_of_group"),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.actor} {self.verb} {self.interaction_id}"

    def save(self, **options: Any) -> None:
        """Raises ``AppendOnly`` for an existing entry."""
        if not self._state.adding:
            raise AppendOnly(f"entry {self.number} is not changed")
        super().save(**{**options, "force_insert": True})

    def get_absolute_url(self) -> str:
        return reverse("decision", args=[self.number])

    def delete(self, *_: Any, **__: Any) -> Never:
        raise AppendOnly(f"entry {self.number} is not deleted")


class DecisionHead(models.Model):
    """A single row with the length of the log, so that a shortened log is noticed.

    ``mac`` is over all other fields, with a key that is not in the database. ``unsealed_from`` is
    the number of the first entry written after a head whose ``mac`` did not match: entries before
    it may have been removed.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    unsealed_from = models.BigIntegerField(null=True)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_head")]

    def __str__(self) -> str:
        return f"{self.number}: {self.hash}"
