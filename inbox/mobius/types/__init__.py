"""What the product means by an interaction, a run, a group: wider than any one API generation.

An adapter (``inbox.mobius.adapters``) reads one generation's wire into these; nothing outside
``inbox.mobius`` knows a wire name.
"""

from inbox.mobius.types.base import NO_TIME, Page, Stamp
from inbox.mobius.types.capabilities import Capabilities, Offer
from inbox.mobius.types.event import Event, EventKind
from inbox.mobius.types.group import Group, GroupMember, Person
from inbox.mobius.types.interaction import (
    LACKING,
    Answer,
    Asked,
    Interaction,
    InteractionStatus,
    Option,
    Policy,
    PolicyKind,
    Question,
    Target,
)
from inbox.mobius.types.run import Run, RunStatus, Step, StepPlan, StepStatus, Wait

__all__ = [
    "LACKING",
    "NO_TIME",
    "Answer",
    "Asked",
    "Capabilities",
    "Event",
    "EventKind",
    "Group",
    "GroupMember",
    "Interaction",
    "InteractionStatus",
    "Offer",
    "Option",
    "Page",
    "Person",
    "Policy",
    "PolicyKind",
    "Question",
    "Run",
    "RunStatus",
    "Stamp",
    "Step",
    "StepPlan",
    "StepStatus",
    "Target",
    "Wait",
]
