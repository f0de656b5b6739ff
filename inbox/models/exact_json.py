"""A model field for JSON from elsewhere."""

from typing import Any

from django.db import models

from inbox.lib.exact import shared_decoder, shared_encoder


class ExactJSON(models.JSONField):
    """Numbers keep their digits. The columns are the same, so migrations take it for a
    ``JSONField``.
    """

    # For the type checker's plugin: the field takes and returns any JSON.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "encoder": shared_encoder, "decoder": shared_decoder})

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        del options["encoder"], options["decoder"]
        return name, "django.db.models.JSONField", args, options
