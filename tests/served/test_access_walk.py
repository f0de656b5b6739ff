"""Every cell of the table, over HTTP: page, part, JSON, stream and POST alike."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.urls import NoReverseMatch, resolve, reverse

from inbox.access.redaction import MASK
from tests.access.table import PATHS as ALL_PATHS
from tests.access.table import PLACES, TABLE, Action, Place, Status, Verdict, Who
from tests.served.scene import (
    BOARD,
    CANARY,
    CHANGES,
    FIRST,
    SAID,
    SECRET,
    WORKFLOW,
    Question,
    Scene,
)
from tests.served.visitor import Visitor
from tests.support.product import Product

pytestmark = pytest.mark.any_database

PART = {"HX-Request": "true", "HX-Target": "article#detail"}
PATHS = {
    Action.ANSWER: "respond",
    Action.UNDO: "undo",
    Action.SNOOZE: "snooze",
    Action.CLAIM: "claim",
    Action.RELEASE: "release",
    Action.AWAIT: "await-release",
    Action.NUDGE: "nudge",
    Action.CANCEL: "run-cancel",
}
OFFERS = {name: action for action, name in PATHS.items()} | {
    "draft": Action.SEE,  # to discard one's own text, also after the question has closed
    "presence": Action.SEE,
    "seen": Action.SEEN,
    "unread": Action.SEEN,
    "run-signal": Action.CANCEL,
    "unsnooze": Action.SNOOZE,
    "reveal": Action.REVEAL,
    "run-reveal": Action.REVEAL_RUN,
    "group-add": Action.GROUPS,
    "group-remove": Action.GROUPS,
    "group-routing": Action.GROUPS,
}
"""The action of a path that a page offers to post to."""
ONES_OWN = {
    "undo-typed",
    "draft-discard",
    "batch-new",
    "batches-dismiss",
    "batch-send",
    "batch-comment",
    "batch-undo",
    "batch-dismiss",
    "logout",
    "account-token",
    "account-token-confirm",
    "account-token-remove",
    "account-guard",
    "account-language",
    "account-look",
    "account-keys",
    "notification-in-page",
    "notification-choices",
    "notification-times",
    "notification-failures",
    "notification-mute",
    "notification-test",
    "push-allow",
    "push-remove",
    "account-password",
    "account-address",
    "account-address-discard",
    "account-sessions-end",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "login",
    "notifications-read",
    "notification-read",
    "returned-dismiss",
    "interaction-read",
    "view-new",
    "view-edit",
    "view-update",
    "view-delete",
    "templates",
    "template-edit",
    "template-delete",
    "channels",
    "channel-remove",
    "channel-test",
    "channel-rotate",
    "channel-settle",
}
"""What concerns the viewer alone and no question."""
AN_ADMINISTRATORS = {
    "person-add",
    "people-import",
    "person-link",
    "people-mail",
    "person-deactivate",
    "person-give-id",
    "connection-me",
    "connection-group",
    "connection-key",
    "connection-channel",
    "connection-send",
    "permissions-change",
}
"""What administrators set up, and no one else."""
GETS = {
    Place.OWN: (
        "/inbox/",
        "/inbox/changes/?changed=int_1",
        "/inbox/counts/",
        "/inbox/filters/",
        "/inbox/?scope=done",
        "/inbox/answers.csv",
        "/inbox/focus/?order=1",
        "/runs/",
        "/groups/",
        "/freshness/",
        "/held/",
    ),
    Place.DRAFTS: ("/drafts/",),
    Place.BATCHES: (),
    Place.BATCH: (),  # tests/web/test_batches.py
    Place.ACCOUNT: (
        "/account/",
        "/account/notifications/",
        "/account/sessions/",
        "/account/second-factor/",
        "/account/second-factor/app/",
    ),
    Place.NOTICES: ("/notifications/", "/notifications/counts/"),
    Place.GROUP: (f"/groups/{FIRST}/",),
    Place.BLOCKED: ("/runs/blocked/",),
    Place.RUN_FILTERS: ("/runs/filters/",),
    Place.VIEWS: ("/views/new/", "/views/counts/"),
    Place.VIEW: (),  # test_only_the_owner_of_a_view_can_use_it
    Place.TEMPLATES: ("/templates/", "/channels/"),
    Place.INSIGHTS: ("/insights/", "/insights/flow.csv", "/insights/time-to-answer.csv"),
    Place.DECISIONS: (
        "/decisions/",
        "/decisions/1/",
        "/decisions/export.csv",
        "/decisions/export.jsonl",
    ),
    Place.CONNECTION: (
        "/connection/",
        "/connection/messages/",
        "/people/",
        "/people/add/",
        "/people/import/",
    ),
    Place.PERMISSIONS: ("/permissions/",),
    Place.LINK: ("/accounts/link/?token=unknown",),
    Place.SECOND_STEP: ("/accounts/second-factor/",),
    Place.CODES: ("/account/second-factor/codes/", "/account/second-factor/passkey/"),
    Place.METRICS: ("/metrics",),
}
STREAMS = ("/live/inbox/", "/live/runs/")
TAKEN = (200, 204, 303)
EVERYONE = pytest.mark.parametrize("who", Who, ids=str)


def form(user_id: str = "") -> dict[str, str]:
    """``user_id`` is who is nudged."""
    soon = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    fields = {"value": "true", "comment": "", "typed": WORKFLOW, "preset": soon, "wanted": "yes"}
    return {**fields, "user_id": user_id}


class Differences(list[str]):
    @contextmanager
    def at(self, *place: object) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            self.append(f"{', '.join(map(str, place))}: {error}")


@pytest.fixture
def differences() -> Iterator[Differences]:
    found = Differences()
    yield found
    assert not found, "\n\n".join(found)


def questions(scene: Scene, who: Who) -> Iterator[tuple[Status, Question]]:
    for status in Status:
        for question in scene.looked_at.get((status, who), []):
            yield status, question


@pytest.fixture(scope="module")
def scene(product: Product) -> Iterator[Scene]:
    made = Scene(product)
    made.arrange()
    yield made
    made.close()


RUN_PATHS = ("run", "run-cancel", "run-retry", "run-signal", "run-reveal")


def addresses(name: str, question: Question) -> list[str]:
    """Empty for a stream."""
    if name.startswith("live-"):
        return []
    given: dict[str, list[Any]] = {
        "group": [FIRST],
        "insights-csv": ["flow", "time-to-answer"],
        "decision": list(range(1, 30)),
        **{key: [question.run] for key in RUN_PATHS},
    }
    found = []
    for arguments in ([], *([argument] for argument in given.get(name, [question.id]))):
        with suppress(NoReverseMatch):
            found.append(reverse(name, args=arguments))
    return found


def path_of(action: Action, question: Question) -> str | None:
    """None for what the product cannot do yet."""
    id_ = question.run if action is Action.CANCEL else question.id
    try:
        return reverse(PATHS[action], args=[id_])
    except NoReverseMatch:
        return None


def resolve_name(path: str) -> str | None:
    """None for what leads nowhere."""
    return resolve(urlsplit(path).path).url_name if path else None


def waited_for(question: dict[str, Any]) -> str:
    """For a closed question, any of its recipients."""
    said = [one["user_id"] for one in question["partial_responses"] or ()]
    asked = question["target_member_snapshot"] or [question["target"]["id"]]
    missing = [user for user in asked if user not in said]
    return str(question["claimed_by"] or (missing or asked)[0])


def is_(verdict: Verdict, answer: httpx.Response, *, part: bool = False) -> bool:
    match verdict:
        case Verdict.SIGN_IN:
            asked = answer.headers.get("Location", "").startswith("/accounts/login/")
            return answer.status_code == 401 or (asked and not part)
        case Verdict.NOT_FOUND | Verdict.CONFLICT:
            return answer.status_code == int(verdict)
        case _:
            return answer.status_code in TAKEN


@EVERYONE
def test_questions_are_shown_as_the_table_says(
    scene: Scene, who: Who, differences: Differences
) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        verdict = TABLE[status, who, Action.SEE]
        page = f"/interactions/{question.id}/"
        stream = {Verdict.YES: 200, Verdict.NOT_FOUND: 404, Verdict.SIGN_IN: 401}[verdict]
        with differences.at(status, question):
            assert is_(verdict, visitor.get(page))
            assert is_(verdict, visitor.get(page, headers=PART), part=True)
            assert is_(verdict, visitor.get(f"{page}raw.json"))
            assert visitor.stream(f"/live/inbox/?item={question.id}") == stream


@EVERYONE
def test_runs_are_shown_as_the_table_says(scene: Scene, who: Who, differences: Differences) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        verdict = TABLE[status, who, Action.RUN]
        page = visitor.get(f"/runs/{question.run}/")
        stream = {Verdict.NOT_FOUND: 404, Verdict.SIGN_IN: 401}.get(verdict, 200)
        with differences.at(status, question):
            assert is_(verdict, page)
            assert (SECRET in page.text) is (verdict is Verdict.WHOLE)
            assert visitor.stream(f"/live/runs/{question.run}/") == stream


@EVERYONE
def test_answers_of_others_are_shown_as_the_table_says(
    scene: Scene, who: Who, differences: Differences
) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        allowed = TABLE[status, who, Action.OTHERS] is Verdict.YES
        shown = allowed and scene.upstream(question)["target"]["type"] == "group"
        pages = [visitor.get(f"/interactions/{question.id}/{raw}") for raw in ("", "raw.json")]
        with differences.at(status, question):
            assert [SAID in page.text for page in pages] == [shown, shown]


@EVERYONE
def test_receipts_open_as_the_table_says(scene: Scene, who: Who, differences: Differences) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        verdict = TABLE[status, who, Action.RECEIPT]
        interaction = scene.upstream(question)
        if verdict is Verdict.NEVER or not (
            interaction["partial_responses"] or interaction["response"]
        ):
            verdict = Verdict.SIGN_IN if who is Who.OUT else Verdict.NOT_FOUND
        with differences.at(status, question):
            assert is_(verdict, visitor.get(f"/interactions/{question.id}/receipt"))


@EVERYONE
def test_pages_open_as_the_table_says(scene: Scene, who: Who, differences: Differences) -> None:
    visitor = scene.visitor(who)
    runs = [question.run for question in scene.all()]
    for place in Place:
        verdict = PLACES[place, who]
        for path in () if verdict is Verdict.NEVER else GETS[place]:
            page = visitor.get(path)
            with differences.at(place, path):
                assert is_(verdict, page)
                if who in (Who.ADMIN, Who.STRANGER):
                    assert not [run for run in runs if run in page.text]


@EVERYONE
def test_the_streams_of_lists_are_there(scene: Scene, who: Who) -> None:
    status = 401 if PLACES[Place.OWN, who] is Verdict.SIGN_IN else 200
    assert [scene.visitor(who).stream(path) for path in STREAMS] == [status, status]


@pytest.mark.parametrize("who", [who for who in Who if who is not Who.ADMIN], ids=str)
def test_only_administrators_can_use_the_setup(scene: Scene, who: Who) -> None:
    for name in sorted(AN_ADMINISTRATORS):
        about_a_person = name in ("person-link", "person-deactivate")
        path = reverse(name, args=[1] if about_a_person else [])
        assert is_(PLACES[Place.CONNECTION, who], scene.visitor(who).post(path)), path


def test_only_the_owner_of_a_view_can_use_it(scene: Scene) -> None:
    tess = scene.visitor(Who.LEAD)
    saved = tess.post("/views/new/?page=runs", {"name": "Walked"})
    assert saved.status_code == 303
    number = saved.headers["Location"].rpartition("=")[2]
    names = ("view-edit", "view-update", "view-delete")
    paths = [reverse(name, args=[number]) for name in names]
    for who in Who:
        if who is not Who.LEAD:
            verdict, visitor = PLACES[Place.VIEW, who], scene.visitor(who)
            for path in paths:
                assert is_(verdict, visitor.post(path, {"name": "Taken"})), path
    for path in paths:
        assert tess.post(path, {"name": "Walked again"}).status_code == 303


def test_only_the_owner_can_read_a_notification(scene: Scene) -> None:
    tess, rina = scene.visitor(Who.LEAD), scene.visitor(Who.MEMBER)
    (question,) = scene.looked_at[Status.UNCLAIMED, Who.TARGET]
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


@EVERYONE
def test_questions_are_marked_as_the_table_says(
    scene: Scene, who: Who, differences: Differences
) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        for name in ("seen", "unread"):
            with differences.at(status, question, name):
                marked = visitor.post(reverse(name, args=[question.id]))
                assert is_(TABLE[status, who, Action.SEEN], marked)


KEYS = {
    Action.REVEAL: ("reveal", "/context/deploy/0/api_key"),
    Action.REVEAL_RUN: ("run-reveal", "/inputs/client_secret"),
}


@EVERYONE
def test_masked_values_are_revealed_only_to_those_who_may_see_them(
    scene: Scene, who: Who, differences: Differences
) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        for action, (name, key) in KEYS.items():
            verdict = TABLE[status, who, action]
            id_ = question.run if action is Action.REVEAL_RUN else question.id
            answer = visitor.post(reverse(name, args=[id_]), {"path": key})
            with differences.at(status, question, action):
                assert is_(verdict, answer)
                assert (CANARY in answer.text) is (verdict is Verdict.YES)


@EVERYONE
def test_refused_actions_change_nothing(scene: Scene, who: Who, differences: Differences) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        for action in CHANGES:
            verdict, path = TABLE[status, who, action], path_of(action, question)
            if verdict in (Verdict.YES, Verdict.IDLE) or path is None:
                continue
            before = scene.upstream(question)
            with differences.at(status, question, action):
                assert is_(verdict, visitor.post(path, form(waited_for(before))))
                assert scene.upstream(question) == before


@EVERYONE
def test_actions_that_the_table_allows_succeed(
    scene: Scene, who: Who, differences: Differences
) -> None:
    for (status, whose, action), question in scene.fresh.items():
        path = path_of(action, question)
        if whose is who and path is not None:
            with differences.at(status, question, action):
                assert_succeeds(scene, question, path, (status, who, action))


def assert_succeeds(
    scene: Scene, question: Question, path: str, cell: tuple[Status, Who, Action]
) -> None:
    _, who, action = cell
    before = scene.upstream(question)
    answer = scene.visitor(who).post(path, form(waited_for(before)))
    assert answer.status_code in TAKEN, answer.text
    now = scene.upstream(question)
    user = f"user_{scene.visitor(who).name}"
    if TABLE[cell] is Verdict.IDLE or action is Action.SNOOZE:
        assert now == before
    elif action is Action.ANSWER:
        said = [one["user_id"] for one in now["partial_responses"] or ()]
        assert user in [*said, (now["responder"] or {}).get("id")]
    elif action is Action.CLAIM:
        assert now["claimed_by"] == user
    elif action is Action.RELEASE:
        assert now["claimed_by"] is None


REFUSED = {
    "respond": {"value": "?"},
    "undo": {},
    "reveal": {"path": "/context"},
    "run-cancel": {"typed": "?"},
    "run-signal": {"name": "", "payload": "{"},
}
"""Forms that change nothing, and come back with what the page shows."""


@pytest.mark.parametrize("who", [Who.MEMBER, Who.LEAD, Who.ADMIN], ids=str)
def test_no_address_gives_away_what_is_masked(scene: Scene, who: Who) -> None:
    visitor, shown = scene.visitor(who), set()
    questions = [some[0] for (_, whose), some in scene.looked_at.items() if whose is who]
    for question in questions:
        assert CANARY in str(scene.upstream(question)["context"])
    # Most addresses are the same for every question.
    names = {
        path: name
        for question in questions
        for name in ALL_PATHS
        for path in addresses(name, question)
    }
    for path, name in names.items():
        searched = visitor.get(path, params={"q": "payments key"})
        pages = [visitor.get(path), visitor.get(path, headers=PART), searched]
        if name in REFUSED:
            pages.append(visitor.post(path, REFUSED[name]))
        assert not [page for page in pages if CANARY in page.text], path
        shown |= {name for page in pages if MASK in page.text}
    question_pages = {"interaction", "interaction-json"}
    assert not shown if who is Who.ADMIN else shown >= question_pages
    assert ("run" in shown) is (who is Who.LEAD)


def test_no_receipt_or_export_gives_away_what_is_masked(scene: Scene) -> None:
    rina, question = scene.visitor(Who.MEMBER), scene.ask_rina()
    with rina.hearing() as until:
        until(lambda: scene.is_mirrored(question))
    assert rina.post(f"/interactions/{question.id}/respond", form()).status_code == 303
    written = {
        f"/interactions/{question.id}/receipt": MASK,
        "/decisions/export.csv": "api_key",
        "/decisions/export.jsonl": "api_key",
    }
    for path, words in written.items():
        answer = scene.visitor(Who.LEAD).get(path)
        assert words in answer.text, path
        assert CANARY not in answer.text, path


def test_no_live_frame_gives_away_what_is_masked(scene: Scene) -> None:
    tess = scene.visitor(Who.LEAD)
    question = scene.ask_rina()
    with tess.hearing() as until:
        until(lambda: scene.is_mirrored(question))
    paths = (f"/live/runs/{question.run}/", f"/live/inbox/?item={question.id}")
    with ExitStack() as stack:
        streams = [
            stack.enter_context(tess.http.stream("GET", path)).iter_lines() for path in paths
        ]
        heard = [next(lines) for lines in streams]
        scene.answer(question)
        for lines in streams:
            for line in lines:
                heard.append(line)
                if 'data-run-status="completed"' in line:
                    break
    assert CANARY not in "".join(heard)


def test_the_log_file_has_nothing_of_what_is_masked(scene: Scene, product: Product) -> None:
    scene.visitor(Who.LEAD).get("/interactions/unknown/")
    assert CANARY not in "".join(product.said)


@EVERYONE
def test_groups_are_changed_as_the_table_says(scene: Scene, who: Who) -> None:
    verdict, visitor = TABLE[Status.UNCLAIMED, who, Action.GROUPS], scene.visitor(who)
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


@EVERYONE
def test_no_page_offers_what_would_be_refused(
    scene: Scene, who: Who, differences: Differences
) -> None:
    visitor = scene.visitor(who)
    for status, question in questions(scene, who):
        if TABLE[status, who, Action.SEE] is not Verdict.YES:
            continue
        wanted = {
            action
            for action in (Action.ANSWER, Action.CLAIM, Action.RELEASE)
            if TABLE[status, who, action] is Verdict.YES and path_of(action, question)
        }
        if status is Status.CLAIMED_BY_ME:
            wanted -= {Action.CLAIM}
        with differences.at(status, question):
            offered = set()
            for page in (f"/interactions/{question.id}/", f"/runs/{question.run}/"):
                offered |= allowed_offers(scene, who, visitor, page)
            assert {action for action, id_ in offered if id_ == question.id} >= wanted


@EVERYONE
def test_no_list_offers_what_would_be_refused(
    scene: Scene, who: Who, differences: Differences
) -> None:
    visitor = scene.visitor(who)
    scopes = [f"/inbox/?scope={scope}" for scope in ("claimed", "waiting-others")]
    for page in (*scopes, *(path for paths in GETS.values() for path in paths)):
        with differences.at(page):
            allowed_offers(scene, who, visitor, page)


def allowed_offers(scene: Scene, who: Who, visitor: Visitor, page: str) -> set[tuple[Action, str]]:
    """The actions that a page offers, with the id of their question. Each must be allowed."""
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
        if match.url_name in ONES_OWN:
            continue
        if match.url_name in AN_ADMINISTRATORS and who is Who.ADMIN:
            continue
        assert match.url_name in OFFERS, f"{page} offers {form.action}: what is it?"
        action, id_ = OFFERS[match.url_name], str(match.kwargs.get("id"))
        offered.add((action, id_))
        status = places.get(id_, Status.UNCLAIMED)
        if id_ in places or action is Action.GROUPS:
            assert TABLE[status, who, action] is Verdict.YES, f"{page} offers {form.action}"
    return offered
