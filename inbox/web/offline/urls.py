from django.urls import path

from inbox.web.offline import views

urlpatterns = [
    path("service-worker.js", views.service_worker, name="service-worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
]
