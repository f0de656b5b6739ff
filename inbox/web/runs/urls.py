from django.urls import path

from inbox.web.runs import views

urlpatterns = [
    path("runs/", views.runs, name="runs"),
    path("runs/filters/", views.filters, name="run-filters"),
    path("runs/<mobius_id:id>/", views.run, name="run"),
    path("runs/<mobius_id:id>/cancel", views.cancel, name="run-cancel"),
    path("runs/<mobius_id:id>/retry", views.retry, name="run-retry"),
    path("runs/<mobius_id:id>/signal", views.signal, name="run-signal"),
]
