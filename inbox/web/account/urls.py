from django.urls import path

from inbox.web.account import (
    forgot,
    new_address,
    provider_sign_in,
    second_factor_views,
    sign_in,
    sign_out,
    views,
)

urlpatterns = [
    path("accounts/login/", sign_in.SignIn.as_view(), name="login"),
    # The same for allauth, which redirects to the addresses that begin with account_ and mfa_.
    path("accounts/login/", sign_in.SignIn.as_view(), name="account_login"),
    path(
        "accounts/second-factor/", second_factor_views.SecondStep.as_view(), name="mfa_authenticate"
    ),
    path("account/second-factor/", second_factor_views.second_factor, name="mfa_index"),
    path(
        "account/second-factor/app/", second_factor_views.AddApp.as_view(), name="mfa_activate_totp"
    ),
    path(
        "account/second-factor/passkey/",
        second_factor_views.AddPasskey.as_view(),
        name="mfa_add_webauthn",
    ),
    path(
        "account/second-factor/<number:id>/remove",
        second_factor_views.remove_factor,
        name="mfa_deactivate_totp",
    ),
    path(
        "account/second-factor/codes/",
        second_factor_views.RecoveryCodes.as_view(),
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/second-factor/codes/new",
        second_factor_views.NewRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("accounts/forgot/", forgot.forgot_password, name="forgot-password"),
    path("accounts/address/<str:token>/", new_address.confirm_address, name="confirm-address"),
    path("accounts/link/", sign_in.one_time_link, name="one-time-link"),
    path("accounts/oidc/login/", provider_sign_in.start, name="oidc-login"),
    path("accounts/oidc/callback/", provider_sign_in.callback, name="oidc-callback"),
    path("accounts/logout/", sign_out.sign_out, name="logout"),
    path("account/", views.account, name="account"),
    path("account/token", views.adopt_token, name="account-token"),
    path("account/token/confirm", views.confirm_token, name="account-token-confirm"),
    path("account/token/remove", views.remove_token, name="account-token-remove"),
    path("account/sign-in", views.sign_in_at_mobius, name="account-sign-in"),
    path("account/sign-in/cancel", views.cancel_sign_in, name="account-sign-in-cancel"),
    path("account/keys", views.set_keys, name="account-keys"),
    path("account/language", views.set_language, name="account-language"),
    path("account/look", views.set_look, name="account-look"),
    path("account/guard", views.set_guard, name="account-guard"),
    path("account/sessions/", views.sessions, name="account-sessions"),
    # Its ending makes static/js/unsent.js save and erase the text that the browser keeps.
    path("account/sessions/logout/", sign_out.end_sessions, name="account-sessions-end"),
    path("account/address", views.change_address, name="account-address"),
    path("account/address/discard", views.discard_address, name="account-address-discard"),
    path("account/password", views.change_password, name="account-password"),
]
