from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from inbox.web.account.sign_in import admin_sign_in

handler400 = "inbox.web.errors.bad_request"
handler500 = "inbox.web.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", admin_sign_in),
    # The admin's own form would not limit password guesses.
    path("admin/password_change/", RedirectView.as_view(pattern_name="account")),
    path("admin/", admin.site.urls),
    path("", include("inbox.urls")),
]
