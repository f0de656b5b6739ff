from django.urls import path

from inbox.web.connection import views

urlpatterns = [
    path("connection/", views.connection, name="connection"),
    path("connection/people/add", views.add_person, name="connection-person"),
    path("connection/people/import", views.import_people, name="connection-import"),
    path("connection/people/<number:id>/link", views.new_link, name="connection-link"),
    path("connection/people/mail", views.mail_links, name="connection-mail"),
    path(
        "connection/people/<number:id>/deactivate", views.deactivate, name="connection-deactivate"
    ),
    path("connection/people/give", views.give_mobius_id, name="connection-give"),
    path("connection/people/me", views.set_mobius_id, name="connection-me"),
    path("connection/groups", views.map_group, name="connection-group"),
    path("connection/key", views.resume_key, name="connection-key"),
    path("connection/channel", views.switch_channel, name="connection-channel"),
    path("connection/test", views.send_test_question, name="connection-send"),
    path("connection/test/", views.test_question, name="connection-test"),
]
