from django.urls import path

from inbox.web.groups import views

urlpatterns = [
    path("groups/", views.groups, name="groups"),
    path("groups/<mobius_id:id>/", views.groups, name="group"),
    path("groups/<mobius_id:id>/members/add", views.add_member, name="group-add"),
    path("groups/<mobius_id:id>/members/remove", views.remove_member, name="group-remove"),
    path("groups/<mobius_id:id>/routing", views.change_routing, name="group-routing"),
]
