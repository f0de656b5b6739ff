"""Faults of the decision log."""

from enum import StrEnum

from django.utils.translation import gettext_noop


class Flaw(StrEnum):
    UNREADABLE = gettext_noop("Entry %(entry)s doesn't match: it can't be read.")
    MISSING = gettext_noop("Entry %(entry)s doesn't match: it's missing.")
    MISSING_BEFORE = gettext_noop(
        "Entry %(entry)s doesn't match: it's missing, and entry %(next)s comes next."
    )
    MISSING_UNTIL = gettext_noop(
        "Entry %(entry)s doesn't match: all entries from it to entry %(last)s are missing."
    )
    DOES_NOT_FOLLOW = gettext_noop(
        "Entry %(entry)s doesn't match: it doesn't follow from the previous entry."
    )
    UNKNOWN_VERSION = gettext_noop(
        "Entry %(entry)s doesn't match: its version, %(version)s, is unknown."
    )
    NOT_BOOLEAN = gettext_noop(
        "Entry %(entry)s doesn't match: its observed field is neither true nor false."
    )
    OTHER_HASH = gettext_noop("Entry %(entry)s doesn't match: its fields don't produce its hash.")
    BEHIND_END = gettext_noop("Entry %(entry)s doesn't match: the log ends with entry %(last)s.")
    HEAD_MISSING = gettext_noop("The head doesn't match: it's missing.")
    HEAD_HASH = gettext_noop("Entry %(entry)s doesn't match: the head has a different hash.")
    HEAD_NOT_SEALED = gettext_noop(
        "The head doesn't match: none of the current keys sealed it. It was changed after entry "
        "%(entry)s, or its key is no longer in CREDENTIAL_KEYS."
    )
    BEHIND_UNSEALED_HEAD = gettext_noop(
        "Entry %(entry)s doesn't match: it was written after a head that none of the current keys "
        "had sealed, so entries before it may be missing."
    )
    NOT_NOTED = gettext_noop(
        "Entries at the end may be missing: %(file)s doesn't say how many there are. It was "
        "removed or damaged, or the database was moved."
    )
    NOTED_OTHERWISE = gettext_noop(
        "Entry %(entry)s doesn't match: %(file)s recorded a different hash, so the log was cut off "
        "before it and continued."
    )
    NOTED_MISSING = gettext_noop(
        "Entry %(entry)s doesn't match: it's missing, although %(file)s recorded it."
    )
    NOTED_MISSING_UNTIL = gettext_noop(
        "Entry %(entry)s doesn't match: all entries from it to entry %(last)s are missing, "
        "although %(file)s recorded them."
    )
    SENT_ANSWER = gettext_noop(
        "%(person)s's answer to %(question)s was sent from here, but has no entry."
    )
    SENT_ANSWERS = gettext_noop(
        "Answers sent from here that have no entry: %(count)s. The first is %(person)s's answer "
        "to %(question)s."
    )
    MIRRORED_ANSWER = gettext_noop(
        "%(person)s's answer to %(question)s is in the mirror, but has no entry."
    )
    MIRRORED_ANSWERS = gettext_noop(
        "Answers in the mirror that have no entry: %(count)s. The first is %(person)s's answer "
        "to %(question)s."
    )
