from django.urls import path

from inbox.web.decisions import views

urlpatterns = [
    path("interactions/<mobius_id:id>/receipt", views.answer_receipt, name="receipt"),
    path("decisions/", views.decisions, name="decisions"),
    path("decisions/<number:number>/", views.decision, name="decision"),
    path("decisions/export.csv", views.as_csv, name="decisions-csv"),
    path("decisions/export.jsonl", views.as_json_lines, name="decisions-jsonl"),
]
