"""Addresses of runs and questions in Mobius, from the templates in the settings."""

from urllib.parse import quote

from django.conf import settings


def run_in_mobius(run_id: str) -> str:
    """The run's address in Mobius; empty if no template is set."""
    return _filled(settings.MOBIUS_RUN_URL, run_id)


def interaction_in_mobius(interaction_id: str) -> str:
    """The question's address in Mobius; empty if no template is set."""
    return _filled(settings.MOBIUS_INTERACTION_URL, interaction_id)


def _filled(template: str, id_: str) -> str:
    return template.replace("{id}", quote(id_, safe=""))
