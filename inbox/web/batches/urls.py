from django.urls import path

from inbox.web.batches import views

urlpatterns = [
    path("batches/new", views.new, name="batch-new"),
    path("batches/dismiss", views.dismiss_all, name="batches-dismiss"),
    path("batches/<int:id>/", views.batch, name="batch"),
    path("batches/<int:id>/send", views.send, name="batch-send"),
    path("batches/<int:id>/comment", views.comment, name="batch-comment"),
    path("batches/<int:id>/undo", views.undo, name="batch-undo"),
    path("batches/<int:id>/dismiss", views.dismiss, name="batch-dismiss"),
]
