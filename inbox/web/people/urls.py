from django.urls import path

from inbox.web.people import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/add/", views.add_person, name="person-add"),
    path("people/import/", views.import_people, name="people-import"),
    path("people/give", views.give_mobius_id, name="person-give-id"),
    path("people/mail", views.mail_links, name="people-mail"),
    path("people/<number:id>/link", views.new_link, name="person-link"),
    path("people/<number:id>/deactivate", views.deactivate, name="person-deactivate"),
]
