from django.urls import path

from inbox.web.comment_templates import views

urlpatterns = [
    path("templates/", views.templates, name="templates"),
    path("templates/<int:id>/", views.edit, name="template-edit"),
    path("templates/<int:id>/delete", views.delete, name="template-delete"),
]
