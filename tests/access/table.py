"""The access table, from which ``docs/access.md`` is printed, and which ``tests/served`` walks."""

from enum import StrEnum


class Status(StrEnum):
    UNCLAIMED = "pending, unclaimed"
    CLAIMED_BY_ME = "pending, claimed by me"
    CLAIMED_BY_ANOTHER = "pending, claimed by another"
    WITH = "partly answered, mine is in"
    WITHOUT = "partly answered, mine is not"
    COMPLETED = "completed"
    EXPIRED = "expired"


class Who(StrEnum):
    TARGET = "direct target"
    MEMBER = "member, in the snapshot"
    FORMER = "in the snapshot, no longer in the group"
    NEWCOMER = "in the group now, not in the snapshot"
    LEAD = "team lead, not asked"
    ADMIN = "admin, not asked"
    STRANGER = "stranger"
    OUT = "signed out"


class Action(StrEnum):
    SEE = "see the question"
    RUN = "open its run"
    ANSWER = "answer"
    UNDO = "undo an answer that is waiting to be sent"
    SNOOZE = "snooze, and undo that"
    CLAIM = "claim"
    RELEASE = "release"
    AWAIT = "be notified when someone else's claim ends"
    OTHERS = "see others' answers"
    HIDDEN = "see others' answers, with GROUP_ANSWERS_HIDDEN_UNTIL_MINE=on"
    RECEIPT = "print the receipt"
    NUDGE = "nudge"
    GROUPS = "manage groups"
    CANCEL = "cancel the run"
    CANCEL_QUESTION = "cancel the question"
    REVIEW = "review what was submitted"
    SEEN = "mark the question as seen or unread"
    REVEAL = "reveal a masked value of the question"
    REVEAL_RUN = "reveal a masked value of the run"


class Place(StrEnum):
    OWN = (
        "one's own inbox and held answers, answers as CSV, focus mode, search, runs and groups, "
        "their streams"
    )
    DRAFTS = "one's own drafts: the list, discarding"
    BATCHES = "selecting questions to answer together; dismissing all one's results"
    BATCH = "a team lead's batch: the preview, sending it, undoing it, the results"
    ACCOUNT = (
        "one's own account: token, guard, keys, notifications, language, password, second factor, "
        "signing out"
    )
    NOTICES = "notifications: the list, the count, marking as read"
    GROUP = "a group's page"
    BLOCKED = "blocked, and what was sent about a question"
    RUN_FILTERS = "filters of all runs"
    VIEWS = "saved views: saving one of the inbox, the numbers beside one's own and the group's"
    VIEW = "a saved view of a team lead: rename, share, delete"
    TEMPLATES = "comment templates and group channels: adding, editing, deleting"
    INSIGHTS = "insights and their CSV"
    DECISIONS = "the decision log, its entries and exports"
    CONNECTION = "people; connection: groups, channels, a test question"
    PERMISSIONS = "permissions: who has which role and permission, changing that"
    LINK = "a one-time link that was used, replaced or never made"
    SECOND_STEP = "the second factor, without a sign-in that was started"
    CODES = "recovery codes and passkeys, without a second factor or a host name"
    METRICS = "metrics, without the installation's token for them"


class Verdict(StrEnum):
    YES = "yes"
    OWN = "own part"
    WHOLE = "whole"
    IDLE = "no effect"
    HIDDEN = "hidden"
    CONFLICT = "409"
    NOT_FOUND = "404"
    SIGN_IN = "sign in"
    NEVER = "–"


_WORDS = {
    "Y": Verdict.YES,
    "O": Verdict.OWN,
    "W": Verdict.WHOLE,
    "I": Verdict.IDLE,
    "H": Verdict.HIDDEN,
    "C": Verdict.CONFLICT,
    "N": Verdict.NOT_FOUND,
    "S": Verdict.SIGN_IN,
    "–": Verdict.NEVER,
}

# One letter a status, in the order of Status. A dash is a state that cannot be: who was not asked
# claims nothing, a question to one person is not answered in part.
_GRIDS: dict[Action, tuple[str, ...]] = {
    #    TARGET     MEMBER     FORMER     NEWCOMER   LEAD       ADMIN      STRANGER   OUT
    Action.SEE: (
        "Y––––YY", "YYYYYYY", "YYYYYYY", "N–N–NNN", "Y–Y–YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.RUN: (
        "O––––OO", "OOOOOOO", "OOOOOOO", "N–N–NNN", "W–W–WWW", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.ANSWER: (
        "Y––––CC", "YYCCYCC", "YYCCYCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.UNDO: (
        "C––––CC", "CCCCCCC", "CCCCCCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.SNOOZE: (
        "Y––––CC", "YYYCYCC", "YYYCYCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.CLAIM: (
        "N––––NN", "YYCCCCC", "YYCCCCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.RELEASE: (
        "N––––NN", "IYCCCCC", "IYCCCCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.AWAIT: (
        "C––––CC", "CCYCCCC", "CCYCCCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.OTHERS: (
        "–––––––", "–––YYYY", "–––YYYY", "N–N–NNN", "––––YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.HIDDEN: (
        "–––––––", "–––YHYY", "–––YHYY", "N–N–NNN", "––––YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.RECEIPT: (
        "–––––Y–", "–––YYYY", "–––YYYY", "N–N–NNN", "––––YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.NUDGE: (
        "N––––NN", "NNNNNNN", "NNNNNNN", "N–N–NNN", "Y–Y–YCC", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.GROUPS: (
        "N––––NN", "NNNNNNN", "NNNNNNN", "N–N–NNN", "Y–Y–YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.CANCEL: (
        "N––––NN", "NNNNNNN", "NNNNNNN", "N–N–NNN", "Y–Y–YII", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.CANCEL_QUESTION: (
        "N––––NN", "NNNNNNN", "NNNNNNN", "N–N–NNN", "Y–Y–YCC", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.REVIEW: (
        "N––––NN", "NNNNNNN", "NNNNNNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.SEEN: (
        "Y––––II", "YYYYYII", "YYYYYII", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.REVEAL: (
        "Y––––YY", "YYYYYYY", "YYYYYYY", "N–N–NNN", "Y–Y–YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.REVEAL_RUN: (
        "N––––NN", "NNNNNNN", "NNNNNNN", "N–N–NNN", "Y–Y–YYY", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
}  # fmt: skip

# One letter a person, in the order of Who. A dash where being that says nothing of the place.
_PLACES: dict[Place, str] = {
    Place.OWN: "OOOOWOOS",
    Place.DRAFTS: "OOOOOOOS",
    Place.BATCHES: "OOOOOOOS",
    Place.BATCH: "NNNNONNS",
    Place.ACCOUNT: "OOOOOOOS",
    Place.NOTICES: "OOOOOOOS",
    Place.GROUP: "–YNYYNNS",
    Place.BLOCKED: "NNNNYNNS",
    Place.RUN_FILTERS: "NNNNYNNS",
    Place.VIEWS: "OOOOOOOS",
    Place.VIEW: "NNNNONNS",
    Place.TEMPLATES: "NNNNYNNS",
    Place.INSIGHTS: "NNNNYNNS",
    Place.DECISIONS: "NNNNYNNS",
    Place.CONNECTION: "NNNNNYNS",
    Place.PERMISSIONS: "NNNNNYNS",
    Place.LINK: "NNNNNNNN",
    Place.SECOND_STEP: "NNNNNNNS",
    Place.CODES: "NNNNNNNS",
    Place.METRICS: "NNNNNNNN",
}

PUBLIC = frozenset(
    {
        "home",
        "login",
        "account_login",
        "notifications-off",
        "forgot-password",
        "confirm-address",
        "one-time-link",
        "oidc-login",
        "oidc-callback",
        "healthz",
        "readyz",
        "metrics",
        "service-worker",
        "manifest",
        "admin:login",
    }
)
"""Names of the paths that anybody may ask for."""

PATHS: dict[str, Action | Place] = {
    "interaction": Action.SEE,
    "interaction-json": Action.SEE,
    "question-templates": Action.SEE,
    "similar": Action.SEE,
    "presence": Action.SEE,
    "check": Action.ANSWER,
    "draft": Action.ANSWER,
    "respond": Action.ANSWER,
    "undo": Action.UNDO,
    "snooze": Action.SNOOZE,
    "unsnooze": Action.SNOOZE,
    "claim": Action.CLAIM,
    "release": Action.RELEASE,
    "await-release": Action.AWAIT,
    "nudge": Action.NUDGE,
    "receipt": Action.RECEIPT,
    "opened": Action.SEE,
    "seen": Action.SEEN,
    "unread": Action.SEEN,
    "reveal": Action.REVEAL,
    "run-reveal": Action.REVEAL_RUN,
    "run": Action.RUN,
    "live-run": Action.RUN,
    "run-cancel": Action.CANCEL,
    "question-cancel": Action.CANCEL_QUESTION,
    "review": Action.REVIEW,
    "review-check": Action.REVIEW,
    "run-retry": Action.CANCEL,
    "run-signal": Action.CANCEL,
    "group-add": Action.GROUPS,
    "group-remove": Action.GROUPS,
    "group-routing": Action.GROUPS,
    "inbox": Place.OWN,
    "inbox-changes": Place.OWN,
    "inbox-counts": Place.OWN,
    "inbox-filters": Place.OWN,
    "answers-csv": Place.OWN,
    "focus": Place.OWN,
    "search": Place.OWN,
    "runs": Place.OWN,
    "groups": Place.OWN,
    "freshness": Place.OWN,
    "held-answers": Place.OWN,
    "undo-typed": Place.OWN,
    "live-inbox": Place.OWN,
    "live-runs": Place.OWN,
    "drafts": Place.DRAFTS,
    "draft-discard": Place.DRAFTS,
    "batch-new": Place.BATCHES,
    "batches-dismiss": Place.BATCHES,
    "batch": Place.BATCH,
    "batch-send": Place.BATCH,
    "batch-comment": Place.BATCH,
    "batch-undo": Place.BATCH,
    "batch-dismiss": Place.BATCH,
    "account": Place.ACCOUNT,
    "account-token": Place.ACCOUNT,
    "account-token-confirm": Place.ACCOUNT,
    "account-token-remove": Place.ACCOUNT,
    "account-sign-in": Place.ACCOUNT,
    "account-sign-in-cancel": Place.ACCOUNT,
    "account-guard": Place.ACCOUNT,
    "account-look": Place.ACCOUNT,
    "account-keys": Place.ACCOUNT,
    "notification-in-page": Place.ACCOUNT,
    "notification-settings": Place.ACCOUNT,
    "notification-choices": Place.ACCOUNT,
    "notification-times": Place.ACCOUNT,
    "notification-failures": Place.ACCOUNT,
    "notification-mute": Place.ACCOUNT,
    "notification-test": Place.ACCOUNT,
    "push-allow": Place.ACCOUNT,
    "push-remove": Place.ACCOUNT,
    "account-language": Place.ACCOUNT,
    "account-password": Place.ACCOUNT,
    "account-address": Place.ACCOUNT,
    "account-address-discard": Place.ACCOUNT,
    "mfa_index": Place.ACCOUNT,
    "mfa_activate_totp": Place.ACCOUNT,
    "mfa_authenticate": Place.SECOND_STEP,
    "mfa_add_webauthn": Place.CODES,
    "mfa_deactivate_totp": Place.CODES,
    "mfa_view_recovery_codes": Place.CODES,
    "mfa_generate_recovery_codes": Place.CODES,
    "account-sessions": Place.ACCOUNT,
    "account-sessions-end": Place.ACCOUNT,
    "logout": Place.ACCOUNT,
    "notifications": Place.NOTICES,
    "notification-counts": Place.NOTICES,
    "notifications-read": Place.NOTICES,
    "returned-dismiss": Place.NOTICES,
    "notification-read": Place.NOTICES,
    "interaction-read": Place.NOTICES,
    "group": Place.GROUP,
    "blocked": Place.BLOCKED,
    "deliveries": Place.BLOCKED,
    "run-filters": Place.RUN_FILTERS,
    "view-new": Place.VIEWS,
    "view-counts": Place.VIEWS,
    "view-edit": Place.VIEW,
    "view-update": Place.VIEW,
    "view-delete": Place.VIEW,
    "templates": Place.TEMPLATES,
    "template-edit": Place.TEMPLATES,
    "template-delete": Place.TEMPLATES,
    "channels": Place.TEMPLATES,
    "channel-remove": Place.TEMPLATES,
    "channel-test": Place.TEMPLATES,
    "channel-rotate": Place.TEMPLATES,
    "channel-settle": Place.TEMPLATES,
    "insights": Place.INSIGHTS,
    "insights-csv": Place.INSIGHTS,
    "decisions": Place.DECISIONS,
    "decision": Place.DECISIONS,
    "decisions-csv": Place.DECISIONS,
    "decisions-jsonl": Place.DECISIONS,
    "connection": Place.CONNECTION,
    "people": Place.CONNECTION,
    "person-add": Place.CONNECTION,
    "people-import": Place.CONNECTION,
    "person-link": Place.CONNECTION,
    "people-mail": Place.CONNECTION,
    "person-deactivate": Place.CONNECTION,
    "person-give-id": Place.CONNECTION,
    "connection-me": Place.CONNECTION,
    "connection-group": Place.CONNECTION,
    "connection-key": Place.CONNECTION,
    "connection-channel": Place.CONNECTION,
    "connection-send": Place.CONNECTION,
    "connection-test": Place.CONNECTION,
    "kept-messages": Place.CONNECTION,
    "kept-message": Place.CONNECTION,
    "permissions": Place.PERMISSIONS,
    "permissions-change": Place.PERMISSIONS,
}
"""What each other path is for, by its name. The admin's are Django's: for staff alone."""

NOTES: dict[Action, str] = {
    Action.SEE: (
        "Its page, its part beside the list, its JSON, its stream. Its similar decisions are "
        "closed questions that this person may see too."
    ),
    Action.RUN: (
        "*Own part*: status, step track and one's own questions. "
        "*Whole*: inputs, metadata and all questions too."
    ),
    Action.ANSWER: "An unclaimed question can be answered without claiming it.",
    Action.UNDO: (
        "Only one's own held answer. The table is for questions without one, where there is "
        "nothing to undo. A held answer can be undone even by a person who is no longer asked."
    ),
    Action.SNOOZE: "For oneself only. Undoing it has no effect where nothing is snoozed.",
    Action.CLAIM: (
        "Only if the first answer is enough: claiming a question that each member answers is a "
        "409, and a question to one person can't be claimed by anyone else."
    ),
    Action.RELEASE: "Only the person who claimed it can release it.",
    Action.AWAIT: "A notification, once. It can be turned off again as long as the claim lasts.",
    Action.OTHERS: "Values and comments. Everyone who may see the question sees who has answered.",
    Action.HIDDEN: "Hidden only from those who can still answer, and only until they have.",
    Action.RECEIPT: (
        "For each answer that the person may see; without answers there is none, which is a 404."
    ),
    Action.NUDGE: "The people that the question is waiting for.",
    Action.GROUPS: "With the permission `manage_groups`; a lead without it gets a 404.",
    Action.CANCEL: (
        "With the permission `cancel_run`; a lead without it gets a 404. "
        "A finished run stays as it is, and the page says so. A signal needs `signal_run`, a retry "
        "`retry_run`."
    ),
    Action.CANCEL_QUESTION: (
        "With the permission `cancel_question`; a lead without it gets a 404, and so does everyone "
        "where the API can't cancel questions."
    ),
    Action.REVIEW: (
        "Where a question has a review, in the APIs B and C, its checkers see it and all answers "
        "from the first time that it is submitted on. They can accept it or request changes while "
        "it is in review; otherwise that is a 409, as it always is for the people asked. Without "
        "a review, as here, it is a 404 for everyone."
    ),
    Action.SEEN: "For oneself only, among the questions that one was asked or reviews.",
    Action.REVEAL: (
        "In its context, or in an answer that the person may see. The decision log "
        "records the value's path, not the value. A path where nothing is masked is a 404."
    ),
    Action.REVEAL_RUN: "In its inputs and metadata; as above.",
}

Cell = tuple[Status, Who, Action]

TABLE: dict[Cell, Verdict] = {
    (status, who, action): _WORDS[letter]
    for action, grid in _GRIDS.items()
    for who, letters in zip(Who, grid, strict=True)
    for status, letter in zip(Status, letters, strict=True)
}

PLACES: dict[tuple[Place, Who], Verdict] = {
    (place, who): _WORDS[letter]
    for place, letters in _PLACES.items()
    for who, letter in zip(Who, letters, strict=True)
}


def printed() -> str:
    lines = [
        "# Who may do what",
        "",
        "Generated from `tests/access/table.py` by `python -m tests.access.printed`; a test walks",
        "every cell over HTTP. *404*: it doesn't exist for this person. *409*: not now; the page",
        "says why. *sign in*: the sign-in page, and 401 for a stream or a part of a page.",
        "*no effect*: accepted, but nothing changes. A dash is an impossible state.",
        "",
        "A role is membership of the Django group `reviewer` or `team lead`; administrators give",
        "roles and permissions on *Permissions*. Being an administrator (a superuser) includes",
        "neither.",
    ]
    for action in Action:
        lines += ["", f"## {action.value[0].upper()}{action.value[1:]}", NOTES[action], ""]
        lines.append(f"| | {' | '.join(Status)} |")
        lines.append(f"|---|{'---|' * len(Status)}")
        for who in Who:
            cells = " | ".join(TABLE[status, who, action] for status in Status)
            lines.append(f"| {who.value} | {cells} |")
    lines += ["", "## Pages that are not about one question"]
    lines += [
        "*Own part*: what concerns this person; another person's notification or view is a 404.",
        "",
    ]
    lines.append(f"| | {' | '.join(Who)} |")
    lines.append(f"|---|{'---|' * len(Who)}")
    for place in Place:
        cells = " | ".join(PLACES[place, who] for who in Who)
        lines.append(f"| {place.value} | {cells} |")
    return "\n".join(lines) + "\n"
