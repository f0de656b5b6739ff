from django.urls import path

from inbox.web.batches import views

urlpatterns = [
    path("batches/new", views.new, name="batch-new"),
    path("batches/dismiss", views.dismiss_all, name="batches-dismiss"),
    path("batches/<number:id>/", views.batch, name="batch"),
    path("batches/<number:id>/send", views.send, name="batch-send"),
    path("batches/<number:id>/comment", views.comment, name="batch-comment"),
    path("batches/<number:id>/undo", views.undo, name="batch-undo"),
    path("batches/<number:id>/dismiss", views.dismiss, name="batch-dismiss"),
]
