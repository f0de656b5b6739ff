from django.urls import path

from inbox.web.drafts import views

urlpatterns = [
    path("drafts/", views.drafts, name="drafts"),
    path("drafts/<number:id>/discard", views.discard, name="draft-discard"),
]
