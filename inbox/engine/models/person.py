"""A person of a project."""

from django.db import models

from inbox.engine.models.project import Project


class Person(models.Model):
    """Somebody who can be asked and can answer."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user_id"], name="engine_person_once")
        ]

    def __str__(self) -> str:
        return self.name
