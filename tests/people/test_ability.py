from typing import Any

import pytest
from django.contrib.auth.models import User
from pydantic import SecretStr

from inbox.models import Reviewer, Upstream
from inbox.people import credentials
from inbox.people.ability import by_ability


@pytest.fixture
def team(db: None) -> None:
    for name in ("rina", "sam", "lee", "ana", "bea", "root"):
        User.objects.create_user(name, is_superuser=name == "root", is_active=name != "bea")
    for name in ("rina", "sam", "lee", "bea"):
        Reviewer.objects.filter(user__username=name).update(mobius_id=f"user_{name}")
    for name in ("rina", "sam", "bea"):
        token = SecretStr(f"mbc_{name}")
        row = Reviewer.objects.get(user__username=name)
        credentials.adopt(row, token=token, owner=f"user_{name}")
    credentials.mark_refused(Reviewer.objects.get(user__username="sam"))


def abilities() -> dict[str, list[str]]:
    found = by_ability(Upstream.current())
    return {str(each): [row.user.username for row in rows] for each, rows in found.items()}


def test_who_can_answer_and_why_others_cant(team: None, settings: Any) -> None:
    settings.SERVICE_KEY_ANSWERS = "off"
    expected = {
        "token": ["rina"],
        "key": [],
        "refused": ["sam"],
        "no_token": ["lee"],
        "no_mobius_id": ["ana"],
        "manages": ["root"],
        "deactivated": ["bea"],
    }
    assert abilities() == expected
    settings.SERVICE_KEY_ANSWERS = "on"
    assert abilities() == {**expected, "key": ["lee"], "no_token": []}
    Reviewer.objects.filter(user__username="lee").update(mobius_id_proven=True)
    assert abilities() == expected
