from django.urls import path

from inbox.web.insights import views

urlpatterns = [
    path("insights/", views.insights, name="insights"),
    path("insights/<str:key>.csv", views.figures, name="insights-csv"),
]
