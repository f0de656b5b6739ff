"""The inbox's own paths. Names are what templates and tests use."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
