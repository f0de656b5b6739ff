"""What a one-time link asks for."""

from django.contrib.auth.forms import UserCreationForm


class AdministratorForm(UserCreationForm):
    """The name and password of the first administrator."""

    class Meta(UserCreationForm.Meta):
        fields = ("username",)
