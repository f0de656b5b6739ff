from django.urls import path

from inbox.web.saved_views import views

urlpatterns = [
    path("views/new/", views.new, name="view-new"),
    path("views/counts/", views.counts, name="view-counts"),
    path("views/<number:id>/", views.edit, name="view-edit"),
    path("views/<number:id>/update", views.update, name="view-update"),
    path("views/<number:id>/delete", views.delete, name="view-delete"),
]
