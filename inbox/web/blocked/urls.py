from django.urls import path
from django.views.generic import RedirectView

from inbox.web.blocked import views

urlpatterns = [
    path("interactions/<mobius_id:id>/nudge", views.nudge, name="nudge"),
    path("runs/blocked/", views.blocked, name="blocked"),
    # The address of *Blocked* before it was called that.
    path("runs/waiting/", RedirectView.as_view(pattern_name="blocked", query_string=True)),
]
