from django.urls import path

from inbox.web.live import views

urlpatterns = [
    path("live/inbox/", views.inbox, name="live-inbox"),
    path("live/runs/", views.runs, name="live-runs"),
    path("live/runs/<mobius_id:id>/", views.run, name="live-run"),
]
