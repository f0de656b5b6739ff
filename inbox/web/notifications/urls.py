from django.urls import path
from django.views.generic import RedirectView

from inbox.web.notifications import deliveries, settings_views, views

urlpatterns = [
    path("interactions/<mobius_id:id>/read", views.read_question, name="interaction-read"),
    path("notifications/", views.notifications, name="notifications"),
    # The address of *Notifications* before it was called that.
    path("notices/", RedirectView.as_view(pattern_name="notifications", query_string=True)),
    path("notifications/counts/", views.counts, name="notification-counts"),
    path("notifications/read", views.read_all, name="notifications-read"),
    path("notifications/dismiss", views.dismiss_returned, name="returned-dismiss"),
    path("notifications/<number:id>/read", views.read, name="notification-read"),
    path("notifications/off/<str:token>/", settings_views.off, name="notifications-off"),
    path(
        "account/notifications/",
        settings_views.notification_settings,
        name="notification-settings",
    ),
    path(
        "account/notifications/choices",
        settings_views.save_choices,
        name="notification-choices",
    ),
    path("account/notifications/in-page", settings_views.save_in_page, name="notification-in-page"),
    path("account/notifications/times", settings_views.save_times, name="notification-times"),
    path(
        "account/notifications/failures",
        settings_views.save_failure_limit,
        name="notification-failures",
    ),
    path("account/notifications/mute", settings_views.save_mute, name="notification-mute"),
    path("account/notifications/test", settings_views.send_test, name="notification-test"),
    path("account/notifications/push", settings_views.allow_push, name="push-allow"),
    path(
        "account/notifications/push/<number:id>/remove",
        settings_views.remove_push,
        name="push-remove",
    ),
    path("interactions/<mobius_id:id>/deliveries/", deliveries.deliveries, name="deliveries"),
    path("connection/messages/", deliveries.kept_messages, name="kept-messages"),
    path("connection/messages/<number:id>/", deliveries.kept_message, name="kept-message"),
]
