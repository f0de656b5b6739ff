"""JSON in one form only, so that the same thing is always the same bytes."""

import json
from typing import Any

from django.db import models


def canonical(value: Any) -> str:
    """``value`` as JSON: keys sorted, no spaces, ASCII only, times as they were given.

    Raises ValueError for what JSON cannot say (NaN, infinity), TypeError for what is no JSON.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


class CanonicalJSON(models.TextField):
    """JSON kept as its canonical text.

    The databases' own JSON types write numbers and keys anew, and a hash over them would not hold.
    """

    # What the type checker's plugin reads: any JSON goes in and comes out.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """What was kept. A text that is no canonical JSON is not ours: it comes as it is, to be
        shown. Of a key that stands there twice, one could be read here and the other elsewhere.
        """
        if value is None:
            return None
        try:
            kept = json.loads(value)
            return kept if canonical(kept) == value else value
        except ValueError:
            return value

    def to_python(self, value: Any) -> Any:
        """A value is what it is: a string is a JSON string."""
        return value

    def get_prep_value(self, value: Any) -> str:
        """The text that is kept."""
        return canonical(value)
