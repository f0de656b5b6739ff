from django.urls import path

from inbox.web.reveal import views

urlpatterns = [
    path("interactions/<mobius_id:id>/reveal", views.in_question, name="reveal"),
    path("runs/<mobius_id:id>/reveal", views.in_run, name="run-reveal"),
]
