from django.urls import path

from inbox.web.connection import views

urlpatterns = [
    path("connection/", views.connection, name="connection"),
    path("connection/me", views.set_mobius_id, name="connection-me"),
    path("connection/groups", views.map_group, name="connection-group"),
    path("connection/key", views.resume_key, name="connection-key"),
    path("connection/channel", views.switch_channel, name="connection-channel"),
    path("connection/test", views.send_test_question, name="connection-send"),
    path("connection/test/", views.test_question, name="connection-test"),
]
