from django.urls import path

from inbox.web.permissions import views

urlpatterns = [
    path("permissions/", views.permissions, name="permissions"),
    path("permissions/change", views.change, name="permissions-change"),
]
