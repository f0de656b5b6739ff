"""A signal sent to a run."""

from django.db import models

from inbox.engine.models.fields import JSONText
from inbox.engine.models.run import Run


class Signal(models.Model):
    """Kept until a ``wait_signal`` step takes it; the oldest of a name first."""

    number = models.BigAutoField(primary_key=True)
    id = models.CharField(max_length=40, unique=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="signals")
    name = models.CharField(max_length=200)
    payload = JSONText()
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["run", "name", "number"], name="engine_signal_oldest")]

    def __str__(self) -> str:
        return f"{self.name} for {self.run_id}"
