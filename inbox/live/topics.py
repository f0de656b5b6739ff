"""The names of what can change. A name tells nothing but which page parts to look at again."""

INBOX = "inbox"
ITEM = "item"
RUN = "run"
RUNS = "runs"
FRESHNESS = "freshness"
PRESENCE = "presence"
NOTICES = "notices"


def inbox(mobius_id: str) -> str:
    """The list of one person, by Mobius id."""
    return f"{INBOX}:{mobius_id}"


def notices(mobius_id: str) -> str:
    """The notices of one person, by Mobius id."""
    return f"{NOTICES}:{mobius_id}"


def item(interaction_id: str) -> str:
    """One interaction."""
    return f"{ITEM}:{interaction_id}"


def run(run_id: str) -> str:
    """One run: its status, steps and events."""
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


def split(topic: str) -> tuple[str, str]:
    """A topic's kind, which is also its bell's name, and the id in it ("" where it has none)."""
    kind, _, identifier = topic.partition(":")
    return kind, identifier


def has_fragment(topic: str) -> bool:
    """Its frames carry a fragment: what everyone who watches it may see."""
    return split(topic)[0] in (RUN, FRESHNESS)


def begins_with_fragment(topic: str) -> bool:
    """Its fragment is sent when a stream begins. That of the freshness is in the page already."""
    return split(topic)[0] == RUN


def has_bell(topic: str) -> bool:
    """Its frames end with a bell: there is more to fetch than the fragment shows."""
    return topic != FRESHNESS


def names_questions(topic: str) -> bool:
    """Its bells say which questions changed: only one person hears them."""
    return split(topic)[0] == INBOX
