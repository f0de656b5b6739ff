"""What was done here, by whom and with what."""

from typing import Any, Never, Self

from django.db import models
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext_lazy

from inbox.models.canonical import CanonicalJSON

RESPOND = "respond"


class AppendOnly(TypeError):
    """An entry of the decision log is neither changed nor deleted."""


class Entries(models.QuerySet["Decision"]):
    """Reading only; ``inbox.services.audit.decision_log.append`` writes."""

    def as_stored(self) -> Self:
        """With ``observed_as_stored``: SQLite keeps any number, and a 7 would be read as False."""
        return self.annotate(observed_as_stored=Cast("observed", models.IntegerField()))

    def update(self, **_: Any) -> Never:
        """Never."""
        raise AppendOnly("the decision log is not changed")

    def bulk_update(self, *_: Any, **__: Any) -> Never:
        """Never."""
        raise AppendOnly("the decision log is not changed")

    def delete(self) -> Never:
        """Never."""
        raise AppendOnly("nothing is deleted from the decision log")


class Decision(models.Model):
    """One entry of the decision log. Plain ids, no foreign keys: people and items can go.

    ``actor`` is the Mobius id of whoever did it, ``account`` the user name that it was done with.
    ``at`` is when it was done, ``entered_at`` when it was written here. ``credential_kind`` is
    ``member`` (the person's own token), ``service`` (the service key), ``account`` (signed in
    here, nothing sent upstream) or ``command`` (a command on the server; ``account`` is then the
    user of the operating system). An ``observed`` answer was seen upstream and not made here: it
    has no account, address, credential or ``shown``. ``shown`` is what the person had before them:
    message, context, questions, ``updated_at``. ``http_status`` is the failure that the request was
    answered with although upstream had accepted it. ``title`` and ``workflow`` are the question's,
    or the run's or group's, as they were called then.

    ``hash`` is over all fields (``inbox.services.audit.chain``) and ``previous``, the hash of
    the entry before.
    """

    number = models.BigIntegerField(gettext_lazy("number"), primary_key=True)
    version = models.PositiveSmallIntegerField()
    at = models.DateTimeField(gettext_lazy("when"))
    entered_at = models.DateTimeField(gettext_lazy("entered"))
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
    comment = models.TextField(default="")
    shown = CanonicalJSON()
    http_status = models.PositiveSmallIntegerField(null=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(gettext_lazy("hash"), max_length=64)

    objects = Entries.as_manager()

    class Meta:
        verbose_name = gettext_lazy("decision")
        verbose_name_plural = gettext_lazy("decisions")
        constraints = [
            # A person answers a question once, here or elsewhere, and it is entered once.
            models.UniqueConstraint(
                fields=["interaction_id", "actor", "project", "base_url"],
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
        """Write a new entry. Raises ``AppendOnly`` for one that is there."""
        if not self._state.adding:
            raise AppendOnly(f"entry {self.number} is not changed")
        super().save(**{**options, "force_insert": True})

    def get_absolute_url(self) -> str:
        return reverse("decision", args=[self.number])

    def delete(self, *_: Any, **__: Any) -> Never:
        """Never."""
        raise AppendOnly(f"entry {self.number} is not deleted")
