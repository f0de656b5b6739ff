from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox import access
from inbox.models import Group, SavedView
from inbox.people import saved_views
from inbox.people.saved_views import MAX_VIEWS, NotSaved, Reason
from inbox.web.saved_views.queries import view_counts
from inbox.web.ui.forms import Form
from inbox.web.ui.frame import frame
from inbox.web.ui.lists import ListForm
from inbox.web.ui.request import ReviewerRequest, is_fragment
from inbox.web.ui.run_queries import RunFilters
from inbox.web.ui.saved_views import form_title
from inbox.web.ui.scopes import Filters


class ViewForm(Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off", "autofocus": True}),
        error_messages={
            "required": gettext_lazy("Enter a name for the view."),
            "max_length": gettext_lazy("A name can have at most 80 characters."),
        },
    )

    def __init__(self, data: Any = None, *, groups: QuerySet[Group], **kwargs: Any) -> None:
        super().__init__(data, auto_id="view-%s", **kwargs)
        self.groups = groups
        self.fields["group"] = forms.ModelChoiceField(
            groups,
            label=_("Share with"),
            empty_label=_("Only me"),
            required=False,
            widget=forms.Select(attrs={"class": "input"}),
            error_messages={"invalid_choice": _("You are no longer in this group.")},
        )

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ReviewerRequest) -> HttpResponse:
    """``page`` is the list that the query filters."""
    filters = _filters(request)
    query = filters.query(view="", cursor="")
    groups = access.own_groups(request.viewer, request.upstream)
    form = ViewForm(request.POST or None, groups=groups.order_by("name"))
    if request.method == "POST" and form.is_valid():
        try:
            view = saved_views.save(
                request.viewer,
                page=filters.url_name,
                query=query,
                **form.cleaned_data,
            )
        except NotSaved as refused:
            form.add_error("name", _not_saved(refused))
        else:
            return _saved(request, view)
    return _form(request, form, back=filters.href(cursor=""))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: ReviewerRequest, id: int) -> HttpResponse:
    view = saved_views.get_own(request.viewer, id)
    own = access.own_groups(request.viewer, request.upstream)
    # Its own group too, which the owner may have left: another name must not make it private.
    groups = Group.objects.filter(Q(pk__in=own.values("pk")) | Q(pk=view.group_id))
    first = {"name": view.name, "group": view.group_id}
    form = ViewForm(request.POST or None, initial=first, groups=groups.order_by("name"))
    if request.method == "POST" and form.is_valid():
        try:
            return _saved(request, saved_views.change(request.viewer, id, **form.cleaned_data))
        except NotSaved as refused:
            form.add_error("name", _not_saved(refused))
    return _form(request, form, back=view.get_absolute_url(), view=view)


@require_POST
def update(request: ReviewerRequest, id: int) -> HttpResponse:
    runs = saved_views.get_own(request.viewer, id).page == SavedView.Page.RUNS
    filters = (RunFilters if runs else Filters).read(request.GET)
    query = filters.query(view="", cursor="")
    view = saved_views.update(request.viewer, id, query=query)
    messages.success(request, _("“%(name)s” was updated.") % {"name": view.name})
    return HttpResponseRedirect(view.get_absolute_url(), status=303)


@require_POST
def delete(request: ReviewerRequest, id: int) -> HttpResponse:
    view = saved_views.delete(request.viewer, id)
    messages.success(request, _("“%(name)s” was deleted.") % {"name": view.name})
    address = f"{reverse(view.page)}?{view.query}".removesuffix("?")
    return HttpResponseRedirect(address, status=303)


@require_safe
def counts(request: ReviewerRequest) -> HttpResponse:
    found = view_counts(request.own)
    figures = [(f"view-{number}", words) for number, words in found.items()]
    return render(request, "saved_views/_counts.html", {"figures": figures})


def _filters(request: ReviewerRequest) -> ListForm:
    page = request.GET.get("page", SavedView.Page.INBOX)
    if page == SavedView.Page.INBOX:
        return Filters.read(request.GET)
    has_runs = request.viewer.lead and request.upstream.has_runs
    if page != SavedView.Page.RUNS or not has_runs:
        raise Http404("No such page.")
    return RunFilters.read(request.GET)


def _saved(request: ReviewerRequest, view: SavedView) -> HttpResponse:
    messages.success(request, _("Saved as “%(name)s”.") % {"name": view.name})
    return HttpResponseRedirect(view.get_absolute_url(), status=303)


def _form(
    request: ReviewerRequest, form: ViewForm, *, back: str, view: SavedView | None = None
) -> HttpResponse:
    panel = is_fragment(request, "list-panel")
    page = view.page if view else request.GET.get("page", SavedView.Page.INBOX)
    context: dict[str, Any] = {"form": form, "view": view, "back": back, "panel": panel}
    context |= {"title": form_title(view), "runs": page == SavedView.Page.RUNS}
    if panel:
        context["views"] = request.own.views
        return render(request, "saved_views/_form.html", context)
    context |= frame(request, section=page)
    return render(request, "saved_views/form.html", context, status=422 if form.errors else 200)


def _not_saved(refused: NotSaved) -> str:
    if refused.reason is Reason.NAME_TAKEN:
        return _("You already have a view called %(name)s.") % {"name": refused.name}
    many = ngettext(
        "You already have %(count)d view. Delete one first.",
        "You already have %(count)d views. Delete one first.",
        MAX_VIEWS,
    )
    return many % {"count": MAX_VIEWS}
