from django.urls import path
from django.views.generic import RedirectView

from inbox.web.notifications import views

urlpatterns = [
    path("interactions/<mobius_id:id>/read", views.read_question, name="interaction-read"),
    path("notifications/", views.notifications, name="notifications"),
    # The address of *Notifications* before it was called that.
    path("notices/", RedirectView.as_view(pattern_name="notifications", query_string=True)),
    path("notifications/counts/", views.counts, name="notification-counts"),
    path("notifications/read", views.read_all, name="notifications-read"),
    path("notifications/dismiss", views.dismiss_returned, name="returned-dismiss"),
    path("notifications/<number:id>/read", views.read, name="notification-read"),
]
