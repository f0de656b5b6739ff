from django.urls import path

from inbox.web.inbox import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/changes/", views.changes, name="inbox-changes"),
    path("freshness/", views.freshness, name="freshness"),
]
