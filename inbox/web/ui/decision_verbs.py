from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.access import PERMISSIONS
from inbox.answering import cancelling, deactivation, reveal
from inbox.audit import rights_log
from inbox.mirror import api_choice
from inbox.models import decision
from inbox.models.decision import RESPOND
from inbox.notify import switches
from inbox.people import key_answers
from inbox.upstream import group_mapping
from inbox.web.ui.api import API_NAMES
from inbox.web.ui.labels import RIGHTS

Names = Mapping[str, str | Promise]
PERMISSION_NAMES: Names = {
    **{"inbox." + name: RIGHTS[name] for name in PERMISSIONS},
    "staff": _("Admin pages"),
    "superuser": _("Administrator"),
}
FACTORS: Names = {
    "totp": _("Authenticator app"),
    "webauthn": _("Passkey"),
    "recovery_codes": _("Recovery codes"),
}
ON_OFF: Names = {"on": _("On"), "off": _("Off")}


class Verb(NamedTuple):
    """``label`` is for the filter, ``sentence`` says who did it, ``to`` and ``sentence_to`` to
    whom. ``names``: words for the values of ``before`` and ``after``; None if there are neither.
    """

    label: Promise
    sentence: Promise | str = ""
    to: Promise | str = ""
    sentence_to: Promise | str = ""
    short: Promise | str = ""
    names: Names | None = None


VERBS = {
    RESPOND: Verb(_("Answered")),
    decision.UNCONFIRMED: Verb(
        _("Answer accepted (unconfirmed)"), _("%(name)s sent an answer (unconfirmed)")
    ),
    decision.ACCEPT: Verb(_("Accepted"), _("%(name)s accepted")),
    decision.REQUEST_CHANGES: Verb(_("Asked for changes"), _("%(name)s asked for changes")),
    "claim": Verb(_("Claimed"), _("%(name)s claimed")),
    "release": Verb(_("Released"), _("%(name)s released")),
    deactivation.WITHDRAWN: Verb(
        _("Withdrew an answer"),
        _("%(name)s withdrew an answer"),
        to=_("Withdrew an answer by %(user)s"),
        sentence_to=_("%(name)s withdrew an answer by %(user)s"),
    ),
    "nudge": Verb(
        _("Nudged"),
        _("%(name)s nudged"),
        to=_("Nudged %(user)s"),
        sentence_to=_("%(name)s nudged %(user)s"),
    ),
    reveal.VERB: Verb(_("Revealed a masked value"), _("%(name)s revealed a masked value")),
    cancelling.VERB: Verb(_("Cancelled a question"), _("%(name)s cancelled"), short=_("Cancelled")),
    "run_cancelled": Verb(_("Cancelled a run"), _("%(name)s cancelled"), short=_("Cancelled")),
    "run_retried": Verb(_("Retried a run"), _("%(name)s retried"), short=_("Retried")),
    "run_signalled": Verb(_("Signalled a run"), _("%(name)s signalled"), short=_("Signalled")),
    "member_added": Verb(
        _("Added a member"),
        _("%(name)s added a member"),
        to=_("Added %(user)s"),
        sentence_to=_("%(name)s added %(user)s"),
    ),
    "member_removed": Verb(
        _("Removed a member"),
        _("%(name)s removed a member"),
        to=_("Removed %(user)s"),
        sentence_to=_("%(name)s removed %(user)s"),
    ),
    "routing_changed": Verb(_("Changed the routing"), _("%(name)s changed the routing")),
    "token_adopted": Verb(_("Added a token"), _("%(name)s added a token")),
    "token_removed": Verb(_("Removed a token"), _("%(name)s removed a token")),
    "log_resealed": Verb(
        _("Declared a break in the log"), _("%(name)s declared a break in the log")
    ),
    rights_log.MOBIUS_ID: Verb(
        _("Changed a Mobius ID"), _("%(name)s changed a Mobius ID"), names={}
    ),
    rights_log.ROLES: Verb(_("Changed roles"), _("%(name)s changed roles"), names=RIGHTS),
    rights_log.PERMISSIONS: Verb(
        _("Changed permissions"), _("%(name)s changed permissions"), names=PERMISSION_NAMES
    ),
    rights_log.CREATED: Verb(_("Created an account"), _("%(name)s created an account")),
    rights_log.RENAMED: Verb(_("Renamed an account"), _("%(name)s renamed an account"), names={}),
    rights_log.REACTIVATED: Verb(_("Reactivated an account"), _("%(name)s reactivated an account")),
    rights_log.DEACTIVATED: Verb(_("Deactivated an account"), _("%(name)s deactivated an account")),
    rights_log.DELETED: Verb(_("Deleted an account"), _("%(name)s deleted an account")),
    group_mapping.VERB: Verb(
        _("Assigned people to a group"), _("%(name)s assigned people to a group"), names={}
    ),
    key_answers.VERB: Verb(
        _("Changed the service key setting"),
        _("%(name)s changed the service key setting"),
        names=ON_OFF,
    ),
    switches.VERB: Verb(
        _("Switched a notification channel"),
        _("%(name)s switched a notification channel"),
        names=ON_OFF,
    ),
    api_choice.VERB: Verb(
        _("Changed to another Mobius API"),
        _("%(name)s changed to another Mobius API"),
        names={generation.value: name for generation, name in API_NAMES.items()},
    ),
    rights_log.LINKED: Verb(
        _("Linked a provider account"), _("%(name)s linked a provider account"), names={}
    ),
    rights_log.UNLINKED: Verb(
        _("Unlinked a provider account"), _("%(name)s unlinked a provider account"), names={}
    ),
    rights_log.FACTOR_ADDED: Verb(
        _("Added a second factor"), _("%(name)s added a second factor"), names=FACTORS
    ),
    rights_log.FACTOR_REMOVED: Verb(
        _("Removed a second factor"), _("%(name)s removed a second factor"), names=FACTORS
    ),
    rights_log.CONFLICT: Verb(
        _("Pasted someone else's token"), _("%(name)s pasted someone else's token")
    ),
    rights_log.REFUSED_CLAIM: Verb(
        _("Signed in with someone else's Mobius ID"),
        _("%(name)s signed in with someone else's Mobius ID"),
    ),
    rights_log.ANOTHER_OWNER: Verb(
        _("Removed someone else's token"), _("%(name)s removed someone else's token")
    ),
}
