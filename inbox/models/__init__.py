"""One model a file."""

from inbox.models.attempt import Attempt
from inbox.models.claim_attempt import ClaimAttempt
from inbox.models.credential import Credential
from inbox.models.decision import Decision
from inbox.models.decision_head import DecisionHead
from inbox.models.draft import Draft
from inbox.models.event import Event
from inbox.models.group import Group
from inbox.models.group_mapping import GroupMapping
from inbox.models.interaction import Interaction
from inbox.models.known_failure import KnownFailure
from inbox.models.membership import Membership
from inbox.models.notice import Notice
from inbox.models.one_time_link import OneTimeLink
from inbox.models.recipient import Recipient
from inbox.models.reviewer import Reviewer
from inbox.models.run import Run
from inbox.models.saved_view import SavedView
from inbox.models.sign_in_turn import SignInTurn
from inbox.models.step import Step
from inbox.models.tally import Tally
from inbox.models.upstream import Upstream

__all__ = [
    "Attempt",
    "ClaimAttempt",
    "Credential",
    "Decision",
    "DecisionHead",
    "Draft",
    "Event",
    "Group",
    "GroupMapping",
    "Interaction",
    "KnownFailure",
    "Membership",
    "Notice",
    "OneTimeLink",
    "Recipient",
    "Reviewer",
    "Run",
    "SavedView",
    "SignInTurn",
    "Step",
    "Tally",
    "Upstream",
]
