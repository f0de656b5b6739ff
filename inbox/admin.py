"""Django's admin: accounts, roles and Mobius IDs, and a read-only decision log.

Tokens, drafts and the mirror are not registered: administrators must not read or change them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from allauth.socialaccount.admin import SocialAccount, SocialApp, SocialToken
from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inbox.audit import rights_log
from inbox.models import Decision, Reviewer
from inbox.people import member_tokens
from inbox.people.sessions import sign_out_everywhere
from inbox.web.ui import decision_words
from inbox.web.ui.decision_verbs import VERBS


class ReviewerInline(admin.StackedInline):
    """A new id drops the token that belonged to the old one."""

    model = Reviewer
    fields = ("mobius_id",)
    can_delete = False
    max_num = 1
    verbose_name_plural = gettext_lazy("Mobius identity")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NotEditable:
    """For rows that are only shown."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ProviderAccountInline(NotEditable, admin.TabularInline):
    model = SocialAccount
    fields = readonly_fields = ("provider", "uid", "email", "last_login")
    verbose_name = gettext_lazy("account at the identity provider")
    verbose_name_plural = gettext_lazy("accounts at the identity provider")

    @admin.display(description=gettext_lazy("email"))
    def email(self, account: SocialAccount) -> str:
        return str(account.extra_data.get("email", ""))


class SecondFactorInline(NotEditable, admin.TabularInline):
    model = Authenticator
    fields = readonly_fields = ("type", "created_at", "last_used_at")
    verbose_name = gettext_lazy("second factor")
    verbose_name_plural = gettext_lazy("second factors")


class PermissionsField(forms.ModelMultipleChoiceField):
    """The database has the names in English."""

    def label_from_instance(self, permission: Permission) -> str:
        return f"{permission.content_type} | {_(permission.name)}"


class AccountAdmin(UserAdmin):
    list_display = ("username", "first_name", "last_name", "mobius_id", "is_active", "is_staff")
    list_select_related = ("reviewer",)

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        """A new account has to be saved before it can get an ID."""
        if obj is None:
            return []
        more = (ProviderAccountInline, SecondFactorInline)
        held = [inline for inline in more if inline.model.objects.filter(user=obj).exists()]
        return [ReviewerInline, *held]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Permissions have a page of their own."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        return [(name, _without_permissions(options)) for name, options in fieldsets]

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if change:
            member_tokens.lock(obj)
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Without their account at the identity provider, people are signed out."""
        if formset.model is not Reviewer:
            super().save_formset(request, form, formset, change)
            if formset.deleted_objects:
                sign_out_everywhere(form.instance)
            return
        formset.save(commit=False)
        for reviewer, changed in formset.changed_objects:
            if "mobius_id" in changed:
                member_tokens.assign(reviewer, mobius_id=reviewer.mobius_id)

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """The removal of the token is logged."""
        self._remove_tokens([obj])
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._remove_tokens(queryset)
        super().delete_queryset(request, queryset)

    def _remove_tokens(self, users: Iterable[User]) -> None:
        member_tokens.revoke(Reviewer.objects.filter(user__in=list(users)))

    @admin.display(description=gettext_lazy("Mobius ID"), ordering="reviewer__mobius_id")
    def mobius_id(self, user: User) -> str:
        return user.reviewer.mobius_id or ""


def _without_permissions(options: Any) -> Any:
    if "user_permissions" not in options["fields"]:
        return options
    fields = [field for field in options["fields"] if field != "user_permissions"]
    link = format_html(
        '<a href="{}">{}</a>', reverse("permissions"), _("Change roles and permissions")
    )
    return {**options, "fields": fields, "description": link}


class RoleAdmin(GroupAdmin):
    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        if db_field.name == "permissions":
            kwargs["form_class"] = PermissionsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class LabelFilter(admin.AllValuesFieldListFilter):
    """The labels that people know instead of the stored words."""

    labels: Mapping[str, str]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            stored = str(choice["display"])
            yield {**choice, "display": _(self.labels.get(stored, stored))}


class VerbFilter(LabelFilter):
    labels = {verb: str(words.label) for verb, words in VERBS.items()}


class CredentialFilter(LabelFilter):
    labels = decision_words.CREDENTIALS


@admin.register(Decision)
class DecisionAdmin(NotEditable, admin.ModelAdmin):
    """Answers are left out, since they are only for people who may see the question."""

    view_on_site = False
    fields = (
        "number",
        "at",
        "entered_at",
        "action",
        "observed",
        "actor",
        "account",
        "address",
        "credential",
        "interaction_id",
        "run_id",
        "group_id",
        "change",
        "hash",
    )
    list_display = ("at", "account", "actor", "action", "change", "interaction_id", "credential")
    search_fields = ("actor", "interaction_id", "run_id", "account")
    list_filter = (("verb", VerbFilter), ("credential_kind", CredentialFilter))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Filters in the URL must not allow guessing comments."""
        return lookup.split("__", maxsplit=1)[0] in {*self.fields, "verb", "credential_kind"}

    @admin.display(description=gettext_lazy("action"), ordering="verb")
    def action(self, entry: Decision) -> str:
        return decision_words.verb_words(entry.verb)

    @admin.display(description=gettext_lazy("credential"), ordering="credential_kind")
    def credential(self, entry: Decision) -> str:
        return decision_words.credential(entry)[1]

    @admin.display(description=gettext_lazy("account or role"))
    def change(self, entry: Decision) -> str:
        """Empty for entries about anything but accounts and roles."""
        if entry.verb not in rights_log.VERBS:
            return ""
        words = decision_words.value(entry, [])
        if words is None:
            return entry.title
        return _("%(title)s: %(change)s") % {"title": entry.title, "change": words.text}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


admin.site.unregister(get_user_model())
admin.site.register(get_user_model(), AccountAdmin)
for model in (Authenticator, EmailAddress, SocialAccount, SocialApp, SocialToken):
    admin.site.unregister(model)
admin.site.unregister(Group)
admin.site.register(Group, RoleAdmin)
