"""Topics of change. A topic only says which parts of a page to fetch again."""

INBOX = "inbox"
QUESTIONS = "questions"
ITEM = "item"
RUN = "run"
RUNS = "runs"
FRESHNESS = "freshness"
PRESENCE = "presence"
NOTICES = "notices"
HELD = "held"
EVERYTHING = "everything"


def inbox(mobius_id: str) -> str:
    return f"{INBOX}:{mobius_id}"


def questions(mobius_id: str) -> str:
    """For a change that leaves the numbers of the person's inbox as they are."""
    return f"{QUESTIONS}:{mobius_id}"


def notices(mobius_id: str) -> str:
    return f"{NOTICES}:{mobius_id}"


def held(mobius_id: str) -> str:
    return f"{HELD}:{mobius_id}"


def item(interaction_id: str) -> str:
    return f"{ITEM}:{interaction_id}"


def run(run_id: str) -> str:
    return f"{RUN}:{run_id}"


def runs() -> str:
    return RUNS


def freshness() -> str:
    return FRESHNESS


def presence(interaction_id: str) -> str:
    return f"{PRESENCE}:{interaction_id}"


def everything() -> str:
    return EVERYTHING


def split(topic: str) -> tuple[str, str]:
    """A topic's kind, which is also its event's name, and its ID or an empty string."""
    kind, _, identifier = topic.partition(":")
    return kind, identifier


def has_fragment(topic: str) -> bool:
    """The fragment is the same for everyone who may follow the topic."""
    return split(topic)[0] in (RUN, FRESHNESS)


def begins_with_fragment(topic: str) -> bool:
    """Pages already show the freshness."""
    return split(topic)[0] == RUN


def has_invalidation(topic: str) -> bool:
    """A page may show more than the fragment."""
    return topic != FRESHNESS


def names_questions(topic: str) -> bool:
    """Only one person gets such an invalidation."""
    return split(topic)[0] in (INBOX, QUESTIONS)
