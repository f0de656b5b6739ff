from django.contrib.auth.views import LogoutView
from django.urls import path

from inbox.web.account import sign_in, views

urlpatterns = [
    path("accounts/login/", sign_in.SignIn.as_view(), name="login"),
    path("accounts/link/", sign_in.one_time_link, name="one-time-link"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("account/", views.account, name="account"),
    path("account/token", views.adopt_token, name="account-token"),
    path("account/token/confirm", views.confirm_token, name="account-token-confirm"),
    path("account/token/remove", views.remove_token, name="account-token-remove"),
    path("account/keys", views.set_keys, name="account-keys"),
    path("account/password", views.change_password, name="account-password"),
]
