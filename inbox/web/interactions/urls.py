from django.urls import path

from inbox.web.interactions import answer_views, cancel_views, review_views, snooze_views, views

urlpatterns = [
    path("inbox/focus/", views.focus, name="focus"),
    path("interactions/<mobius_id:id>/", views.interaction, name="interaction"),
    path("interactions/<mobius_id:id>/raw.json", views.interaction_json, name="interaction-json"),
    path("interactions/<mobius_id:id>/respond", answer_views.respond, name="respond"),
    path("interactions/<mobius_id:id>/undo", answer_views.undo, name="undo"),
    path("interactions/undo", answer_views.undo_typed, name="undo-typed"),
    path("interactions/<mobius_id:id>/templates", views.templates, name="question-templates"),
    path("interactions/<mobius_id:id>/similar", views.similar, name="similar"),
    path("interactions/<mobius_id:id>/snooze", snooze_views.snooze, name="snooze"),
    path("interactions/<mobius_id:id>/unsnooze", snooze_views.unsnooze, name="unsnooze"),
    path("interactions/<mobius_id:id>/check", answer_views.check, name="check"),
    path("interactions/<mobius_id:id>/review", review_views.review, name="review"),
    path("interactions/<mobius_id:id>/review/check", review_views.check, name="review-check"),
    path("interactions/<mobius_id:id>/cancel", cancel_views.cancel, name="question-cancel"),
    path("interactions/<mobius_id:id>/claim", answer_views.claim, name="claim"),
    path("interactions/<mobius_id:id>/release", answer_views.release, name="release"),
    path("interactions/<mobius_id:id>/await-release", views.await_release, name="await-release"),
    path("interactions/<mobius_id:id>/presence", views.presence, name="presence"),
    path("interactions/<mobius_id:id>/seen", views.seen, name="seen"),
    path("interactions/<mobius_id:id>/opened", views.opened, name="opened"),
    path("interactions/<mobius_id:id>/unread", views.unread, name="unread"),
    path("interactions/<mobius_id:id>/draft", views.draft, name="draft"),
    path("held/", answer_views.held, name="held-answers"),
]
