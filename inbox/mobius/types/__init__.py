"""Interactions, runs and groups as the product has them, independent of API generations.

An adapter (``inbox.mobius.adapters``) reads a generation's payloads into these types; nothing
outside ``inbox.mobius`` knows the API's field names.
"""

from inbox.mobius.types.base import NO_TIME, Page, Stamp
from inbox.mobius.types.capabilities import Capabilities, Offer
from inbox.mobius.types.event import Event, EventKind
from inbox.mobius.types.group import Group, GroupMember, Person
from inbox.mobius.types.interaction import (
    LACKABLE,
    Answer,
    Interaction,
    InteractionStatus,
    Option,
    PlannedInteraction,
    Policy,
    PolicyKind,
    Question,
    Target,
)
from inbox.mobius.types.run import Run, RunStatus, Step, StepPlan, StepStatus, Wait

__all__ = [
    "LACKABLE",
    "NO_TIME",
    "Answer",
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
    "PlannedInteraction",
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
