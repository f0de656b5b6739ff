from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.functional import cached_property

from inbox.access import Viewer
from inbox.access.search import Name, names_in
from inbox.answering import snooze
from inbox.models import Batch, SavedView, Upstream
from inbox.web.ui.batches import failed_items, shown_batches
from inbox.web.ui.held import HeldAnswer, answers_in_batches, held_answers
from inbox.web.ui.saved_views import shown_views


class OwnData:
    """``request.own``. Each property is read once; a view changes the data before it reads them."""

    def __init__(self, viewer: Viewer, upstream: Upstream) -> None:
        self.viewer = viewer
        self.upstream = upstream

    @cached_property
    def returns(self) -> Mapping[int, datetime]:
        """By the number of the interaction; past times too."""
        return snooze.returns_of(self.viewer)

    @cached_property
    def snoozed(self) -> list[int]:
        return snooze.not_back(self.returns, timezone.now())

    @cached_property
    def batches(self) -> list[Batch]:
        return shown_batches(self.viewer, self.upstream)

    @cached_property
    def failed(self) -> Mapping[str, bool]:
        return failed_items(self.batches)

    @cached_property
    def held(self) -> tuple[HeldAnswer, ...]:
        """Whatever the viewer's guard is now: it may have changed since."""
        return held_answers(self.viewer, self.upstream, timezone.now(), self.batches)

    @cached_property
    def on_their_way(self) -> Mapping[str, HeldAnswer]:
        batches = answers_in_batches(self.viewer, self.upstream, timezone.now(), self.batches)
        return {answer.id: answer for answer in (*self.held, *batches)}

    @cached_property
    def names(self) -> list[Name]:
        return list(names_in(self.upstream))

    @cached_property
    def views(self) -> tuple[SavedView, ...]:
        return shown_views(self.viewer, self.upstream)
