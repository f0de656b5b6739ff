from django.urls import path

from inbox.web.interactions import answer_views, views

urlpatterns = [
    path("interactions/<mobius_id:id>/", views.interaction, name="interaction"),
    path(
        "interactions/<mobius_id:id>/raw.json",
        views.interaction_json,
        name="interaction-json",
    ),
    path("interactions/<mobius_id:id>/respond", answer_views.respond, name="respond"),
    path("interactions/<mobius_id:id>/check", answer_views.check, name="check"),
    path("interactions/<mobius_id:id>/claim", answer_views.claim, name="claim"),
    path("interactions/<mobius_id:id>/release", answer_views.release, name="release"),
    path("interactions/<mobius_id:id>/presence", views.presence, name="presence"),
    path("interactions/<mobius_id:id>/draft", views.draft, name="draft"),
]
