"""The sentence beside the button: what an answer will do."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.models import Interaction
from inbox.presenters.people import People
from inbox.presenters.words import listed


@dataclass(frozen=True)
class Effect:
    """``strong`` is what the eye should catch, ``rest`` completes the sentence."""

    strong: str
    rest: str

    def __str__(self) -> str:
        return f"{self.strong} {self.rest}".strip()


def progress(item: Interaction, *, received: Collection[str] = ()) -> tuple[int, int] | None:
    """(answers so far, answers needed) where more than one person has to answer, else None.
    ``received``: the people whose answers Mobius has accepted and does not show yet.
    """
    return (len(item.answered_by) + len(received), item.required) if item.shared else None


def effect(item: Interaction, people: People, *, received: Collection[str] = ()) -> Effect:
    """What happens when the reader answers now. ``received``: as in ``progress``."""
    goes_on = item.run_id is not None
    counts = progress(item, received=received)
    if counts is None:
        return _alone(item, goes_on=goes_on)
    done, total = counts
    mine = done + 1
    if mine >= total:
        what = "It resumes the run." if goes_on else "It closes the question."
        if total > 1:
            return Effect(f"Yours is the last of {total} answers.", what)
        return _alone(item, goes_on=goes_on)
    strong = f"Yours will be answer {mine} of {total}."
    others = [
        member for member in item.missing if member not in received and not people.is_reader(member)
    ]
    return Effect(strong, _waits(others, people, goes_on=goes_on, more=total - mine))


def _alone(item: Interaction, *, goes_on: bool) -> Effect:
    if not item.says_how_many and item.target_type == "group":
        return Effect("Mobius doesn't say how many have to answer.", "One answer may be enough.")
    if len(item.members or ()) > 1:
        what = "resume the run" if goes_on else "close the question"
        return Effect("One answer is enough.", f"Yours will {what}.")
    if goes_on:
        return Effect("Your answer resumes the run.", "")
    return Effect("Your answer closes the question.", "No run is waiting for it.")


def _waits(missing: list[str], people: People, *, goes_on: bool, more: int) -> str:
    who = "The run" if goes_on else "The question"
    if more < len(missing):
        return f"{who} still waits for {more} more of {len(missing)} people."
    return f"{who} still waits for {listed(people.objects(missing))}."


def after_mine(item: Interaction, people: People, *, received: Collection[str] = ()) -> str:
    """For somebody who has answered an item that is still open: for whom it waits. ``received``:
    as in ``progress``.
    """
    if not item.says_how_many:
        return _("The question is still open: others may have to answer.")
    missing = [member for member in item.missing if member not in received]
    if missing:
        names = listed(people.objects(missing))
        return _("Still waiting for %(names)s.") % {"names": names}
    if item.run_id is None:
        return _("The question closes as soon as Mobius has counted the answers.")
    return _("The run resumes as soon as Mobius has counted the answers.")
