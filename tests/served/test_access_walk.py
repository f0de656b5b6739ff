"""Every cell of the table, over HTTP: page, part, JSON, stream and POST alike."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.urls import NoReverseMatch, resolve, reverse

from tests.access.table import PLACES, TABLE, Action, Place, Status, Verdict, Who
from tests.served.scene import BOARD, CHANGES, FIRST, SAID, SECRET, WORKFLOW, Question, Scene
from tests.served.visitor import Visitor
from tests.support.product import Product

PART = {"HX-Request": "true", "HX-Target": "article#detail"}
PATHS = {
    Action.ANSWER: "respond",
    Action.CLAIM: "claim",
    Action.RELEASE: "release",
    Action.NUDGE: "nudge",
    Action.CANCEL: "run-cancel",
}
OFFERS = {name: action for action, name in PATHS.items()} | {
    "draft": Action.SEE,  # to discard one's own text, also after the question has closed
    "presence": Action.SEE,
    "run-signal": Action.CANCEL,
    "group-add": Action.GROUPS,
    "group-remove": Action.GROUPS,
    "group-routing": Action.GROUPS,
}
"""The action of a path that a page offers to post to."""
ONES_OWN = {
    "logout",
    "account-token",
    "account-token-confirm",
    "account-token-remove",
    "account-keys",
    "account-password",
    "login",
    "notifications-read",
    "notification-read",
    "interaction-read",
}
"""What concerns the viewer alone and no question."""
A_LEADS_OWN = {"view-save", "view-rename", "view-delete"}
"""The same, for leads."""
AN_ADMINISTRATORS = {
    "connection-person",
    "connection-import",
    "connection-link",
    "connection-me",
    "connection-group",
    "connection-send",
}
"""What administrators set up, and nobody else."""
GETS = {
    Place.OWN: (
        "/inbox/",
        "/inbox/changes/?changed=int_1",
        "/inbox/?scope=done",
        "/runs/",
        "/groups/",
        "/freshness/",
    ),
    Place.ACCOUNT: ("/account/",),
    Place.NOTICES: ("/notifications/", "/notifications/bell/"),
    Place.GROUP: (f"/groups/{FIRST}/",),
    Place.BLOCKED: ("/runs/blocked/",),
    Place.VIEWS: ("/runs/filters/",),
    Place.INSIGHTS: ("/insights/", "/insights/flow.csv", "/insights/time-to-answer.csv"),
    Place.DECISIONS: (
        "/decisions/",
        "/decisions/1/",
        "/decisions/export.csv",
        "/decisions/export.jsonl",
    ),
    Place.CONNECTION: ("/connection/",),
    Place.LINK: ("/accounts/link/?token=unknown",),
}
STREAMS = ("/live/inbox/", "/live/runs/")
FORM = {"value": "true", "comment": "", "typed": WORKFLOW}
TAKEN = (200, 204, 303)
PLACES_OF_QUESTIONS = [
    pytest.param(status, who, id=f"{who}: {status}")
    for status in Status
    for who in Who
    if TABLE[status, who, Action.SEE] is not Verdict.NEVER
]


@pytest.fixture(scope="module")
def scene(product: Product) -> Iterator[Scene]:
    """All of it, once."""
    made = Scene(product)
    made.arrange()
    yield made
    made.close()


def path_of(action: Action, question: Question) -> str | None:
    """Where it is posted to; None for what the product cannot do yet."""
    id_ = question.run if action is Action.CANCEL else question.id
    try:
        return reverse(PATHS[action], args=[id_])
    except NoReverseMatch:
        return None


def resolve_name(path: str) -> str | None:
    """Which of our paths it is; None for what leads nowhere."""
    return resolve(urlsplit(path).path).url_name if path else None


def waited_for(question: dict[str, Any]) -> str:
    """Somebody whom a question waits for; anybody of whom it has asked where it is over."""
    said = [one["user_id"] for one in question["partial_responses"] or ()]
    asked = question["target_member_snapshot"] or [question["target"]["id"]]
    missing = [user for user in asked if user not in said]
    return str(question["claimed_by"] or (missing or asked)[0])


def is_(verdict: Verdict, answer: httpx.Response, *, part: bool = False) -> bool:
    """The answer is what the table says."""
    match verdict:
        case Verdict.SIGN_IN:
            asked = answer.headers.get("Location", "").startswith("/accounts/login/")
            return answer.status_code == 401 or (asked and not part)
        case Verdict.NOT_FOUND | Verdict.CONFLICT:
            return answer.status_code == int(verdict)
        case _:
            return answer.status_code in TAKEN


@pytest.mark.parametrize(("status", "who"), PLACES_OF_QUESTIONS)
def test_what_is_seen(scene: Scene, status: Status, who: Who) -> None:
    verdict, visitor = TABLE[status, who, Action.SEE], scene.visitor(who)
    for question in scene.looked_at[status, who]:
        page = f"/interactions/{question.id}/"
        assert is_(verdict, visitor.get(page))
        assert is_(verdict, visitor.get(page, headers=PART), part=True)
        assert is_(verdict, visitor.get(f"{page}raw.json"))
        stream = {Verdict.YES: 200, Verdict.NOT_FOUND: 404, Verdict.SIGN_IN: 401}[verdict]
        assert visitor.stream(f"/live/inbox/?item={question.id}") == stream


@pytest.mark.parametrize(("status", "who"), PLACES_OF_QUESTIONS)
def test_what_of_the_run_is_seen(scene: Scene, status: Status, who: Who) -> None:
    verdict, visitor = TABLE[status, who, Action.RUN], scene.visitor(who)
    for question in scene.looked_at[status, who]:
        page = visitor.get(f"/runs/{question.run}/")
        assert is_(verdict, page)
        assert (SECRET in page.text) is (verdict is Verdict.WHOLE)
        stream = {Verdict.NOT_FOUND: 404, Verdict.SIGN_IN: 401}.get(verdict, 200)
        assert visitor.stream(f"/live/runs/{question.run}/") == stream


@pytest.mark.parametrize(("status", "who"), PLACES_OF_QUESTIONS)
def test_what_others_said_is_seen(scene: Scene, status: Status, who: Who) -> None:
    verdict, visitor = TABLE[status, who, Action.OTHERS], scene.visitor(who)
    for question in scene.looked_at[status, who]:
        pages = [visitor.get(f"/interactions/{question.id}/{raw}") for raw in ("", "raw.json")]
        if verdict is Verdict.YES and scene.upstream(question)["target"]["type"] == "group":
            assert [SAID in page.text for page in pages] == [True, True]
        else:
            assert [SAID in page.text for page in pages] == [False, False]


@pytest.mark.parametrize(("status", "who"), PLACES_OF_QUESTIONS)
def test_whose_receipts_are_there(scene: Scene, status: Status, who: Who) -> None:
    verdict, visitor = TABLE[status, who, Action.RECEIPT], scene.visitor(who)
    for question in scene.looked_at[status, who]:
        told = scene.upstream(question)
        page = visitor.get(f"/interactions/{question.id}/receipt")
        if verdict is Verdict.NEVER or not (told["partial_responses"] or told["response"]):
            verdict_now = Verdict.SIGN_IN if who is Who.OUT else Verdict.NOT_FOUND
        else:
            verdict_now = verdict
        assert is_(verdict_now, page)


@pytest.mark.parametrize("who", Who, ids=str)
@pytest.mark.parametrize("place", Place, ids=str)
def test_which_pages_are_there(scene: Scene, place: Place, who: Who) -> None:
    verdict, visitor = PLACES[place, who], scene.visitor(who)
    if verdict is Verdict.NEVER:
        return
    for path in GETS[place]:
        page = visitor.get(path)
        assert is_(verdict, page), path
        if who in (Who.ADMIN, Who.STRANGER):
            assert not [question.run for question in scene.all() if question.run in page.text]


@pytest.mark.parametrize("who", Who, ids=str)
def test_the_streams_of_lists_are_there(scene: Scene, who: Who) -> None:
    status = 401 if PLACES[Place.OWN, who] is Verdict.SIGN_IN else 200
    assert [scene.visitor(who).stream(path) for path in STREAMS] == [status, status]


@pytest.mark.parametrize("who", [who for who in Who if who is not Who.ADMIN], ids=str)
def test_what_administrators_set_up_nobody_else_does(scene: Scene, who: Who) -> None:
    for name in sorted(AN_ADMINISTRATORS):
        path = reverse(name, args=[1] if name == "connection-link" else [])
        assert is_(PLACES[Place.CONNECTION, who], scene.visitor(who).post(path)), path


def test_a_view_is_its_leads_alone(scene: Scene) -> None:
    tess = scene.visitor(Who.LEAD)
    saved = tess.post("/runs/views/", {"name": "Walked"})
    assert saved.status_code == 303
    offered = [form.action for form in tess.forms(saved.headers["Location"])]
    own = [path for path in offered if resolve_name(path) in A_LEADS_OWN]
    changes = [path for path in own if resolve_name(path) != "view-save"]
    assert {resolve_name(path) for path in changes} == {"view-rename", "view-delete"}
    for who in Who:
        if who is not Who.LEAD:
            verdict, visitor = PLACES[Place.VIEWS, who], scene.visitor(who)
            for path in ("/runs/views/", *changes):
                assert is_(verdict, visitor.post(path, {"name": "Taken"})), path
    for path in sorted(changes, key=lambda path: resolve_name(path) == "view-delete"):
        assert tess.post(path, {"name": "Walked again"}).status_code == 303


def test_a_notice_is_read_by_its_owner_alone(scene: Scene) -> None:
    tess, rina = scene.visitor(Who.LEAD), scene.visitor(Who.MEMBER)
    (question,) = scene.looked_at[Status.FREE, Who.TARGET]
    sent = tess.post(f"/interactions/{question.id}/nudge", {"user_id": "user_rina"})
    assert sent.status_code == 303
    offered = [form.action for form in rina.forms("/notifications/")]
    path = next(path for path in offered if resolve_name(path) == "notification-read")
    for who in Who:
        visitor = scene.visitor(who)
        if visitor is not rina:
            verdict = Verdict.SIGN_IN if who is Who.OUT else Verdict.NOT_FOUND
            assert is_(verdict, visitor.post(path))
    assert path in [form.action for form in rina.forms("/notifications/")]
    assert rina.post(path).status_code == 303


@pytest.mark.parametrize("action", CHANGES, ids=str)
@pytest.mark.parametrize(("status", "who"), PLACES_OF_QUESTIONS)
def test_what_is_refused_changes_nothing(
    scene: Scene, status: Status, who: Who, action: Action
) -> None:
    verdict, visitor = TABLE[status, who, action], scene.visitor(who)
    if verdict in (Verdict.YES, Verdict.IDLE):
        return
    for question in scene.looked_at[status, who]:
        path = path_of(action, question)
        if path is None:
            continue
        before = scene.upstream(question)
        form = FORM | {"user_id": waited_for(before)}
        assert is_(verdict, visitor.post(path, form)), (question, before["status"])
        assert scene.upstream(question) == before


ALLOWED = [
    pytest.param(status, who, action, id=f"{who}: {status}: {action}")
    for (status, who, action), verdict in TABLE.items()
    if action in CHANGES and verdict in (Verdict.YES, Verdict.IDLE)
]


@pytest.mark.parametrize(("status", "who", "action"), ALLOWED)
def test_what_is_allowed_is_done(scene: Scene, status: Status, who: Who, action: Action) -> None:
    question = scene.fresh[status, who, action]
    path = path_of(action, question)
    if path is None:
        return
    before = scene.upstream(question)
    answer = scene.visitor(who).post(path, FORM | {"user_id": waited_for(before)})
    assert answer.status_code in TAKEN, answer.text
    now = scene.upstream(question)
    user = f"user_{scene.visitor(who).name}"
    if TABLE[status, who, action] is Verdict.IDLE:
        assert now == before
    elif action is Action.ANSWER:
        said = [one["user_id"] for one in now["partial_responses"] or ()]
        assert user in [*said, (now["responder"] or {}).get("id")]
    elif action is Action.CLAIM:
        assert now["claimed_by"] == user
    elif action is Action.RELEASE:
        assert now["claimed_by"] is None


@pytest.mark.parametrize("who", Who, ids=str)
def test_who_changes_groups(scene: Scene, who: Who) -> None:
    verdict, visitor = TABLE[Status.FREE, who, Action.GROUPS], scene.visitor(who)
    before = {handle: members(scene, handle) for handle in (FIRST, BOARD)}
    sent = [
        visitor.post(f"/groups/{FIRST}/routing", {"routing": "any"}),
        visitor.post(f"/groups/{FIRST}/members/add", {"user_id": "user_sam"}),
        visitor.post(f"/groups/{BOARD}/members/remove", {"user_id": "user_nobody"}),
    ]
    if verdict is Verdict.YES:
        assert [answer.status_code for answer in sent] == [303, 409, 409]
    else:
        assert all(is_(verdict, answer) for answer in sent)
    assert {handle: members(scene, handle) for handle in (FIRST, BOARD)} == before


def members(scene: Scene, handle: str) -> list[str]:
    found = scene.api.get(f"/groups/{handle}/members").json()["items"]
    return sorted(member["user_id"] for member in found)


@pytest.mark.parametrize(("status", "who"), PLACES_OF_QUESTIONS)
def test_no_page_offers_what_would_be_refused(scene: Scene, status: Status, who: Who) -> None:
    if TABLE[status, who, Action.SEE] is not Verdict.YES:
        return
    visitor = scene.visitor(who)
    for question in scene.looked_at[status, who]:
        offered = set()
        for page in (f"/interactions/{question.id}/", f"/runs/{question.run}/"):
            offered |= allowed_offers(scene, who, visitor, page)
        wanted = {
            action
            for action in (Action.ANSWER, Action.CLAIM, Action.RELEASE)
            if TABLE[status, who, action] is Verdict.YES and path_of(action, question)
        }
        if status is Status.MINE:
            wanted -= {Action.CLAIM}
        assert {action for action, id_ in offered if id_ == question.id} >= wanted


@pytest.mark.parametrize("who", Who, ids=str)
def test_no_list_offers_what_would_be_refused(scene: Scene, who: Who) -> None:
    visitor = scene.visitor(who)
    scopes = [f"/inbox/?scope={scope}" for scope in ("claimed", "waiting-others")]
    for page in (*scopes, *(path for paths in GETS.values() for path in paths)):
        allowed_offers(scene, who, visitor, page)


def allowed_offers(scene: Scene, who: Who, visitor: Visitor, page: str) -> set[tuple[Action, str]]:
    """What a page offers: the action and the id it is about. Each must be allowed."""
    places = {
        id_: status
        for (status, whose), questions in scene.looked_at.items()
        if whose is who
        for question in questions
        for id_ in (question.id, question.run)
    }
    offered = set()
    for form in visitor.forms(page):
        match = resolve(urlsplit(form.action or page).path)
        if match.url_name in ONES_OWN or (match.url_name in A_LEADS_OWN and who is Who.LEAD):
            continue
        if match.url_name in AN_ADMINISTRATORS and who is Who.ADMIN:
            continue
        assert match.url_name in OFFERS, f"{page} offers {form.action}: what is it?"
        action, id_ = OFFERS[match.url_name], str(match.kwargs.get("id"))
        offered.add((action, id_))
        status = places.get(id_, Status.FREE)
        if id_ in places or action is Action.GROUPS:
            assert TABLE[status, who, action] is Verdict.YES, f"{page} offers {form.action}"
    return offered
