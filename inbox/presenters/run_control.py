"""What a lead is asked before a run is cancelled or sent a signal."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from inbox.models import Run
from inbox.presenters.words import short_id


@dataclass(frozen=True)
class Control:
    """``what`` is ``cancel`` or ``signal``; ``waits_for`` are the signals that the run waits for.

    ``over``: the run has ended, as far as the mirror knows.
    """

    what: str
    workflow: str
    typed_name: str
    number: str
    status: str
    over: bool
    waits_for: tuple[str, ...]
    action: str
    back: str

    @property
    def first(self) -> dict[str, Any]:
        """What the signal's form begins with."""
        return {"name": self.waits_for[0] if len(self.waits_for) == 1 else ""}

    @property
    def fragment(self) -> str:
        """The template of the form."""
        return f"runs/_{self.what}.html"


def control(run: Run, what: str) -> Control:
    """For the page of one of the two. No query."""
    signals = run.wait.get("signals") or () if isinstance(run.wait, dict) else ()
    return Control(
        what=what,
        workflow=run.workflow,
        typed_name=run.typed_name,
        number=short_id(run.mobius_id),
        status=run.status,
        over=run.finished,
        # A question's own signal would take the place of an answer: it is not offered.
        waits_for=tuple(str(one) for one in signals if not str(one).startswith("interaction:")),
        action=reverse(f"run-{what}", args=[run.mobius_id]),
        back=run.get_absolute_url(),
    )
