"""Who may do what, as data: ``docs/access.md`` is printed from it, and ``tests/served`` walks it.

The rules in ``inbox/access.py`` are not its source; it is what they are held against.
"""

from enum import StrEnum


class Status(StrEnum):
    """What a question is in, as the person who looks sees it."""

    FREE = "pending, free"
    MINE = "pending, held by me"
    HELD = "pending, held by another"
    WITH = "partly answered, mine is in"
    WITHOUT = "partly answered, mine is not"
    COMPLETED = "completed"
    EXPIRED = "expired"


class Who(StrEnum):
    """What a person is to a question."""

    TARGET = "direct target"
    MEMBER = "member, in the snapshot"
    FORMER = "in the snapshot, no longer in the group"
    NEWCOMER = "in the group now, not in the snapshot"
    LEAD = "team lead, not asked"
    ADMIN = "admin, not asked"
    STRANGER = "stranger"
    OUT = "signed out"


class Action(StrEnum):
    """What a person may want."""

    SEE = "see the question"
    RUN = "open its run"
    ANSWER = "answer"
    CLAIM = "claim"
    RELEASE = "release"
    OTHERS = "see others' answers"
    HIDDEN = "see others' answers, with GROUP_ANSWERS_HIDDEN_UNTIL_MINE=on"
    RECEIPT = "print the receipt"
    NUDGE = "nudge"
    GROUPS = "manage groups"
    CANCEL = "cancel the run"


class Place(StrEnum):
    """What is about no single question."""

    OWN = "one's own inbox, runs and groups, their streams"
    ACCOUNT = "one's own account: token, keys, password, signing out"
    NOTICES = "notifications: the list, the bell, marking as read"
    GROUP = "a group's page"
    BLOCKED = "blocked"
    VIEWS = "filters of all runs; saved views: save, rename, delete"
    INSIGHTS = "insights and their CSV"
    DECISIONS = "the decision log, its entries and exports"
    CONNECTION = "connection: people, groups, a test question"
    LINK = "a one-time link that was used, replaced or never made"


class Verdict(StrEnum):
    """What the server does."""

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
# holds nothing, a question to one person is not answered in part.
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
    Action.CLAIM: (
        "N––––NN", "YYCCCCC", "YYCCCCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
    ),
    Action.RELEASE: (
        "N––––NN", "IYCCCCC", "IYCCCCC", "N–N–NNN", "N–N–NNN", "N–N–NNN", "N–N–NNN", "S–S–SSS",
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
}  # fmt: skip

# One letter a person, in the order of Who. A dash where being that says nothing of the place.
_PLACES: dict[Place, str] = {
    Place.OWN: "OOOOWOOS",
    Place.ACCOUNT: "OOOOOOOS",
    Place.NOTICES: "OOOOOOOS",
    Place.GROUP: "–YNYYNNS",
    Place.BLOCKED: "NNNNYNNS",
    Place.VIEWS: "NNNNONNS",
    Place.INSIGHTS: "NNNNYNNS",
    Place.DECISIONS: "NNNNYNNS",
    Place.CONNECTION: "NNNNNYNS",
    Place.LINK: "NNNNNNNN",
}

PUBLIC = frozenset({"home", "login", "one-time-link", "healthz", "readyz", "admin:login"})
"""Names of the paths that anybody may ask for."""

PATHS: dict[str, Action | Place] = {
    "interaction": Action.SEE,
    "interaction-json": Action.SEE,
    "presence": Action.SEE,
    "check": Action.ANSWER,
    "draft": Action.ANSWER,
    "respond": Action.ANSWER,
    "claim": Action.CLAIM,
    "release": Action.RELEASE,
    "nudge": Action.NUDGE,
    "receipt": Action.RECEIPT,
    "run": Action.RUN,
    "live-run": Action.RUN,
    "run-cancel": Action.CANCEL,
    "run-signal": Action.CANCEL,
    "group-add": Action.GROUPS,
    "group-remove": Action.GROUPS,
    "group-routing": Action.GROUPS,
    "inbox": Place.OWN,
    "inbox-changes": Place.OWN,
    "runs": Place.OWN,
    "groups": Place.OWN,
    "freshness": Place.OWN,
    "live-inbox": Place.OWN,
    "live-runs": Place.OWN,
    "account": Place.ACCOUNT,
    "account-token": Place.ACCOUNT,
    "account-token-confirm": Place.ACCOUNT,
    "account-token-remove": Place.ACCOUNT,
    "account-keys": Place.ACCOUNT,
    "account-password": Place.ACCOUNT,
    "logout": Place.ACCOUNT,
    "notifications": Place.NOTICES,
    "notifications-bell": Place.NOTICES,
    "notifications-read": Place.NOTICES,
    "notification-read": Place.NOTICES,
    "interaction-read": Place.NOTICES,
    "group": Place.GROUP,
    "blocked": Place.BLOCKED,
    "run-filters": Place.VIEWS,
    "view-save": Place.VIEWS,
    "view-rename": Place.VIEWS,
    "view-delete": Place.VIEWS,
    "insights": Place.INSIGHTS,
    "insights-csv": Place.INSIGHTS,
    "decisions": Place.DECISIONS,
    "decision": Place.DECISIONS,
    "decisions-csv": Place.DECISIONS,
    "decisions-jsonl": Place.DECISIONS,
    "connection": Place.CONNECTION,
    "connection-person": Place.CONNECTION,
    "connection-import": Place.CONNECTION,
    "connection-link": Place.CONNECTION,
    "connection-me": Place.CONNECTION,
    "connection-group": Place.CONNECTION,
    "connection-send": Place.CONNECTION,
    "connection-test": Place.CONNECTION,
}
"""What each other path is for, by its name. The admin's are Django's: for staff alone."""

NOTES: dict[Action, str] = {
    Action.SEE: "Its page, its part beside the list, its JSON, its stream.",
    Action.RUN: (
        "*Own part*: status, step track and one's own questions. "
        "*Whole*: inputs, metadata and all questions too."
    ),
    Action.ANSWER: "One that nobody holds can be answered without a claim.",
    Action.CLAIM: (
        "Only where the first answer is enough: what each member answers is a 409, "
        "and what was asked of one person is held by nobody else."
    ),
    Action.RELEASE: "Only the person who claimed it can release it.",
    Action.OTHERS: "Values and comments. Who has answered is no secret.",
    Action.HIDDEN: "Only from those who can still answer, and only until they have.",
    Action.RECEIPT: (
        "Of each answer that one may see; where nobody has answered there is none, which is a 404."
    ),
    Action.NUDGE: "Of whom the question waits for.",
    Action.GROUPS: "With the permission `manage_groups`; a lead without it is a 404.",
    Action.CANCEL: (
        "With the permission `cancel_run`; a lead without it is a 404. "
        "A run that is over stays as it ended, and the page says so."
    ),
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
    """``docs/access.md``."""
    lines = [
        "# Who may do what",
        "",
        "Printed from `tests/access/table.py` by `python -m tests.access.printed`; a test walks",
        "every cell over HTTP. *404*: it is not there for this person. *409*: not now, and the",
        "page says why. *sign in*: the sign-in page, and 401 for a stream or a part of a page.",
        "*no effect*: taken, and nothing changes. A dash is a state that cannot be.",
        "",
        "A role is a membership of the Django group `reviewer` or `team lead`, a permission is one",
        "that an administrator has given; an administrator, a superuser, has neither by that.",
    ]
    for action in Action:
        lines += ["", f"## {action.value[0].upper()}{action.value[1:]}", NOTES[action], ""]
        lines.append(f"| | {' | '.join(Status)} |")
        lines.append(f"|---|{'---|' * len(Status)}")
        for who in Who:
            cells = " | ".join(TABLE[status, who, action] for status in Status)
            lines.append(f"| {who.value} | {cells} |")
    lines += ["", "## Pages that are about no single question"]
    lines += ["*Own part*: what concerns this person; another's notice or view is a 404.", ""]
    lines.append(f"| | {' | '.join(Who)} |")
    lines.append(f"|---|{'---|' * len(Who)}")
    for place in Place:
        cells = " | ".join(PLACES[place, who] for who in Who)
        lines.append(f"| {place.value} | {cells} |")
    return "\n".join(lines) + "\n"
