"""The search of the command palette, and the same as a page."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from inbox.web.search.page import SearchForm, found
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest


@require_safe
def search(request: ReviewerRequest) -> HttpResponse:
    """The questions, runs and people with the words ``q``; for the palette as its options."""
    text = SearchForm.read(request.GET).cleaned_data["q"]
    results = found(request.viewer, request.upstream, text)
    context = {"sections": results, "text": text}
    parts = {"palette-found": "search/_options.html"}
    return render_page(request, "search/search.html", context, section="search", parts=parts)
