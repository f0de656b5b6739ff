"""Names of what can change. A topic only says which parts of a page to fetch again."""

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
    """A person's inbox, by Mobius id."""
    return f"{INBOX}:{mobius_id}"


def questions(mobius_id: str) -> str:
    """A person's questions, by Mobius id, if no number in their inbox depends on what has changed:
    someone else has claimed one, for example.
    """
    return f"{QUESTIONS}:{mobius_id}"


def notices(mobius_id: str) -> str:
    """A person's notifications, by Mobius id."""
    return f"{NOTICES}:{mobius_id}"


def held(mobius_id: str) -> str:
    """A person's held answers, by Mobius id."""
    return f"{HELD}:{mobius_id}"


def item(interaction_id: str) -> str:
    return f"{ITEM}:{interaction_id}"


def run(run_id: str) -> str:
    """A run: its status, steps and events."""
    return f"{RUN}:{run_id}"


def runs() -> str:
    """The list of all runs."""
    return RUNS


def freshness() -> str:
    """How old the mirror is."""
    return FRESHNESS


def presence(interaction_id: str) -> str:
    """Who has a group's question open."""
    return f"{PRESENCE}:{interaction_id}"


def everything() -> str:
    """Anything may have changed, so all pages update everything."""
    return EVERYTHING


def split(topic: str) -> tuple[str, str]:
    """A topic's kind, which is also its event's name, and its ID, empty if it has none."""
    kind, _, identifier = topic.partition(":")
    return kind, identifier


def has_fragment(topic: str) -> bool:
    """Whether its frames have a fragment, which is the same for everyone who may follow it."""
    return split(topic)[0] in (RUN, FRESHNESS)


def begins_with_fragment(topic: str) -> bool:
    """Whether its fragment is sent when a stream starts. Pages already show the freshness."""
    return split(topic)[0] == RUN


def has_invalidation(topic: str) -> bool:
    """Whether its frames end with an invalidation: a page may show more than the fragment."""
    return topic != FRESHNESS


def names_questions(topic: str) -> bool:
    """Whether its invalidations name the changed questions: only one person gets them."""
    return split(topic)[0] in (INBOX, QUESTIONS)
