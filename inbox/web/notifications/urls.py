from django.urls import path

from inbox.web.notifications import views

urlpatterns = [
    path("interactions/<mobius_id:id>/read", views.read_question, name="interaction-read"),
    path("notices/", views.notices, name="notices"),
    path("notices/bell/", views.bell, name="notices-bell"),
    path("notices/read", views.read_all, name="notices-read"),
    path("notices/<int:id>/read", views.read, name="notice-read"),
]
