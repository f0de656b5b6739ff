"""What the engine remembers. One model a file."""

from inbox.engine.models.event import Event
from inbox.engine.models.group import Group
from inbox.engine.models.interaction import Interaction
from inbox.engine.models.membership import Membership
from inbox.engine.models.person import Person
from inbox.engine.models.project import Project
from inbox.engine.models.recipient import Recipient
from inbox.engine.models.run import Run
from inbox.engine.models.signal import Signal
from inbox.engine.models.step import Step
from inbox.engine.models.token import Token

__all__ = [
    "Event",
    "Group",
    "Interaction",
    "Membership",
    "Person",
    "Project",
    "Recipient",
    "Run",
    "Signal",
    "Step",
    "Token",
]
