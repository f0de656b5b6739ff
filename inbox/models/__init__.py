"""The tables: a file for each subject."""

from inbox.models.attempt import ActionAttempt, Attempt, CommentTemplate, Draft
from inbox.models.batch import Batch, BatchItem
from inbox.models.cluster import CacheEntry, CountedCall, Lease, LoggedChange
from inbox.models.decision import Decision, DecisionHead
from inbox.models.device_sign_in import DeviceSignIn, TokenRevocation
from inbox.models.group import Group, GroupMapping, Membership
from inbox.models.group_channel import ChannelMessage, GroupChannel
from inbox.models.interaction import Interaction, Recipient
from inbox.models.notice import AwaitedRelease, Incident, Notice
from inbox.models.notification import (
    Delivery,
    FailureLimit,
    KeptMessage,
    Mute,
    NotificationChoice,
    NotificationEvent,
    NotificationTimes,
    PushBrowser,
    StoppedChannel,
)
from inbox.models.question_words import QuestionWords
from inbox.models.reviewer import (
    Credential,
    Density,
    Guard,
    KnownFailure,
    LinkRequest,
    Machine,
    OneTimeLink,
    Reviewer,
    SignInTurn,
    Theme,
)
from inbox.models.run import Event, Run, Step
from inbox.models.saved_view import SavedView
from inbox.models.snooze import Snooze
from inbox.models.tally import Tally
from inbox.models.upstream import Upstream
