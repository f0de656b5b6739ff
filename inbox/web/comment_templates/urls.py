from django.urls import path

from inbox.web.comment_templates import views

urlpatterns = [
    path("templates/", views.templates, name="templates"),
    path("templates/<number:id>/", views.edit, name="template-edit"),
    path("templates/<number:id>/delete", views.delete, name="template-delete"),
]
