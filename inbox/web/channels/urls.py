from django.urls import path

from inbox.web.channels import views

urlpatterns = [
    path("channels/", views.channels, name="channels"),
    path("channels/<number:id>/remove", views.remove, name="channel-remove"),
    path("channels/<number:id>/test", views.send_test, name="channel-test"),
    path("channels/<number:id>/rotate", views.rotate, name="channel-rotate"),
    path("channels/<number:id>/settle", views.settle, name="channel-settle"),
]
