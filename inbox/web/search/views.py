"""The search of the command palette, and the same as a page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.web.search.page import SearchForm, found
from inbox.web.ui.frame import frame
from inbox.web.ui.request import ReviewerRequest, is_fragment


@require_safe
def search(request: ReviewerRequest) -> HttpResponse:
    """The questions, runs and people with the words ``q``; for the palette as its options."""
    text = SearchForm.read(request.GET).cleaned_data["q"]
    results = found(request.viewer, request.upstream, text)
    context = {"sections": results, "text": text}
    if is_fragment(request, "palette-found"):
        return render(request, "search/_options.html", context)
    context |= frame(request, request.upstream, section="search")
    return render(request, "search/search.html", context)
