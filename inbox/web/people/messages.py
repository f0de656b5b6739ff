"""Why a file of people can't be read."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.people import people_import
from inbox.people.people_import import Flaw, Unreadable


def unreadable(error: Unreadable) -> str:
    match error.flaw:
        case Flaw.NOT_UTF8:
            words = _("The file isn't UTF-8 text. Save it as CSV in UTF-8.")
        case Flaw.NO_PEOPLE:
            words = _("The file has no people in it.")
        case Flaw.TOO_MANY_PEOPLE:
            words = ngettext(
                "The file has more than %(most)d person. Split it into smaller files.",
                "The file has more than %(most)d people. Split it into smaller files.",
                people_import.MAX_PEOPLE,
            )
        case Flaw.COLUMN_MISSING:
            words = _("Line 1 must contain the columns %(columns)s; %(value)s is missing.")
        case Flaw.COLUMN_UNKNOWN if error.value:
            words = _("Line 1 has an unknown column: %(value)s.")
        case Flaw.COLUMN_UNKNOWN:
            words = _("Line 1 has a column without a name.")
        case _:
            words = _flaw_of_line(error.flaw)
    return words % {
        "line": error.line,
        "value": error.value,
        "columns": ",".join(people_import.COLUMNS),
        "most": people_import.MAX_PEOPLE,
    }


def _flaw_of_line(flaw: Flaw) -> str:
    match flaw:
        case Flaw.TOO_MANY_VALUES:
            return _("Line %(line)d has more values than columns.")
        case Flaw.NO_NAME:
            return _("Line %(line)d has no name.")
        case Flaw.ROLE:
            return _("Line %(line)d: the role must be reviewer or lead, not %(value)s.")
        case Flaw.ADMIN:
            return _("Line %(line)d: admin must be yes or no, not %(value)s.")
        case _:
            return _("Line %(line)d isn't valid CSV: %(value)s.")
