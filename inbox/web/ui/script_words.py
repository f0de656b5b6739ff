"""What scripts write that stands on no element of the page: ``static/js/words.js`` reads it."""

from django.utils.translation import gettext_noop

from inbox.web.ui.when import AGO, JUST_NOW, SPANS

DUE = {
    "late": gettext_noop("{duration} late"),
    "expired": gettext_noop("Expired"),
    "due_in": gettext_noop("Due in {duration}"),
    "due_in_at": gettext_noop("Due in {duration}, {time}"),
    "expires_in": gettext_noop("Expires in {duration}"),
    "expires_in_at": gettext_noop("Expires in {duration}, {time}"),
}
"""Of a deadline, as the tag ``due`` writes it too."""

WORDS = {
    **SPANS,
    **DUE,
    "ago": AGO,
    "just_now": JUST_NOW,
    "go_back": gettext_noop("Go back"),
    "with_comment": gettext_noop("With your comment: “{comment}”"),
    "copied": gettext_noop("Copied"),
    "selected": gettext_noop("{count} of {total} selected"),
    "found": gettext_noop("{count} of {total} shown"),
    "bytes_left": gettext_noop("Bytes left: {count}"),
    "bytes_too_many": gettext_noop("Bytes too many: {count}"),
    "json_object": gettext_noop("A JSON object. Keys: {keys}."),
    "json_no_object": gettext_noop("The payload must be an object, in { }."),
    "json_invalid": gettext_noop("This isn't valid JSON yet: {error}"),
}
"""Numbers stand behind a colon, for scripts know no plurals."""
