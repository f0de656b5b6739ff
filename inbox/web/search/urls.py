from django.urls import path

from inbox.web.search import views

urlpatterns = [path("search/", views.search, name="search")]
