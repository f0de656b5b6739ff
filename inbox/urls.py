"""The inbox's own paths. Names are what templates and tests use."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, path

from inbox.views import (
    account,
    claiming,
    draft,
    groups,
    health,
    inbox,
    interactions,
    live,
    presence,
    respond,
    runs,
    sign_in,
)

urlpatterns: list[URLPattern] = [
    path("", inbox.home, name="home"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("interactions/<str:id>/", interactions.interaction, name="interaction"),
    path("interactions/<str:id>/raw.json", interactions.interaction_json, name="interaction-json"),
    path("interactions/<str:id>/respond", respond.respond, name="respond"),
    path("interactions/<str:id>/claim", claiming.claim, name="claim"),
    path("interactions/<str:id>/release", claiming.release, name="release"),
    path("interactions/<str:id>/presence", presence.presence, name="presence"),
    path("interactions/<str:id>/draft", draft.draft, name="draft"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<str:id>/", runs.run, name="run"),
    path("groups/", groups.groups, name="groups"),
    path("groups/<str:id>/", groups.group, name="group"),
    path("groups/<str:id>/members/add", groups.add_member, name="group-add"),
    path("groups/<str:id>/members/remove", groups.remove_member, name="group-remove"),
    path("groups/<str:id>/routing", groups.change_routing, name="group-routing"),
    path("freshness/", inbox.freshness, name="freshness"),
    path("live/inbox/", live.inbox, name="live-inbox"),
    path("live/runs/", live.runs, name="live-runs"),
    path("live/runs/<str:id>/", live.run, name="live-run"),
    path("accounts/login/", sign_in.SignIn.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/token", account.adopt_token, name="account-token"),
    path("account/token/remove", account.remove_token, name="account-token-remove"),
    path("account/keys", account.set_keys, name="account-keys"),
    path("account/password", account.change_password, name="account-password"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
