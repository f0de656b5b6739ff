"""More people for a running product: known to its engine, with accounts, tokens and open sessions.

As a program (``python -m tests.support.crowd``) in the product's environment it reads one JSON line
``{"people": {user name: Mobius id or null}, "groups": […]}``, as ``provision`` takes the groups,
and prints ``{user name: {"session", "token"}}``. A person who is there already keeps what they
have and gets a session. A null id is an account that Mobius does not know.
"""

import json
import subprocess
import sys
from typing import Any, TypedDict

from pydantic import SecretStr

from reviewer_site.environment import ROOT
from tests.support.product import Product


class Entry(TypedDict):
    """``session`` is the cookie of someone who has signed in, ``token`` the member token."""

    session: str
    token: str


def enter(
    product: Product, people: dict[str, str | None], groups: list[dict[str, Any]] | None = None
) -> dict[str, Entry]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crowd"],
        cwd=ROOT,
        env=product.environment,
        input=json.dumps({"people": people, "groups": groups or []}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Entry] = json.loads(done.stdout)
    return made


def _make(people: dict[str, str | None], groups: list[dict[str, Any]]) -> dict[str, Entry]:
    import django  # noqa: PLC0415 - the parent imports this file without Django's settings

    django.setup()

    from django.conf import settings  # noqa: PLC0415

    from inbox.engine.actions.provision import provision  # noqa: PLC0415

    known = {id_: name.capitalize() for name, id_ in people.items() if id_ is not None}
    tokens = {id_: settings.SECRETS.member_token(id_) for id_ in known}
    provision(
        handle=settings.MOBIUS_PROJECT,
        people=known,
        groups=groups,
        service_key=settings.SECRETS.service_key(),
        member_tokens=tokens,
    )
    return {
        name: {"session": _session(name, id_, tokens), "token": tokens.get(id_ or "", "")}
        for name, id_ in people.items()
    }


def _session(name: str, mobius_id: str | None, tokens: dict[str, str]) -> str:
    from django.contrib.auth import (  # noqa: PLC0415
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
        get_user_model,
    )
    from django.contrib.auth.models import Group  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    from inbox.people import credentials  # noqa: PLC0415

    user, created = get_user_model().objects.get_or_create(username=name)
    if created:
        user.groups.add(Group.objects.get(name="reviewer"))
        if mobius_id is not None:
            token = SecretStr(tokens[mobius_id])
            credentials.prove(user.reviewer, mobius_id)
            credentials.adopt(user.reviewer, token=token, owner=mobius_id)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "inbox.people.backend.ReviewerBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    asked = json.loads(sys.stdin.read())
    sys.stdout.write(json.dumps(_make(asked["people"], asked["groups"])))
