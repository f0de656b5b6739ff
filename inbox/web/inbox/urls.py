from django.urls import path

from inbox.web.inbox import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/changes/", views.changes, name="inbox-changes"),
    path("inbox/answers.csv", views.answers_csv, name="answers-csv"),
    path("inbox/counts/", views.counts, name="inbox-counts"),
    path("inbox/filters/", views.filters, name="inbox-filters"),
    path("freshness/", views.freshness, name="freshness"),
]
