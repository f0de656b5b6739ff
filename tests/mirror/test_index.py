from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model

from inbox import access
from inbox.access.search import search_questions
from inbox.mirror.index import rebuild, rebuild_if_rules_changed
from inbox.mirror.prune import prune
from inbox.mobius.types import Option, Policy, PolicyKind, Question, Target
from inbox.models import Group, Interaction, QuestionWords, Reviewer, Run, Upstream
from inbox.models.question_words import rules
from tests.mirror.conftest import Mirror
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, at, group_ask, reply, run

LEAD = access.Viewer(user_id=0, mobius_id=None, name="Tess", lead=True)


def viewer(mobius_id: str) -> access.Viewer:
    return access.Viewer(user_id=0, mobius_id=mobius_id, name=mobius_id, reviewer=True)


def found(text: str, by: access.Viewer = LEAD) -> set[str]:
    items = search_questions(by, Upstream.current(), text, limit=50)
    return {item.mobius_id.removeprefix("int_") for item in items}


def person(username: str, mobius_id: str, first: str, last: str) -> Any:
    user = get_user_model().objects.create_user(username, first_name=first, last_name=last)
    Reviewer.objects.filter(user=user).update(mobius_id=mobius_id)
    return user


QUESTIONS = (
    ask("int_refund", message="Refund **Müller & Söhne**?\n\nQ-48213 was paid twice."),
    ask("int_ship", message="Ship the café's release to Zürich?", run_id="run_9F3K-57ZB4"),
    ask("int_cjk", message="契約を承認しますか 🚀"),
    ask("int_korea", message="계약을 승인하시겠습니까"),
    ask("int_hindi", message="क्या आप हिन्दी जानते हैं"),
    ask("int_hebrew", message="האם לְאַשֵּׁר"),
    ask("int_greek", message="Να εγκριθεί η ΠΡΟΣΦΟΡΆΣ;"),
    ask("int_turkish", message="İSTANBUL ofisi kapansın mı?"),
    ask(
        "int_syntax",
        message='NEAR the "star" * OR NOT AND (half-open) col:on',
        context={"alpha'beta": "gam\\delta"},
    ),
    ask("int_hidden", message="soft\u00adhyphen zero\u200bwidth nul l"),
    ask(
        "int_context",
        message="Pay?",
        context={
            "vendorName": "Ødegård GmbH",
            "lines": [{"article": "Toner", "amount": 1200.5}, ["deep", {"deeper": "Zwölf"}]],
            "yes": True,
            "nothing": None,
            "number": 12345678901234567890,
        },
    ),
    ask(
        "int_long",
        message="begin " + "x" * 300 + " end",
        context={"blob": "lorem " * 20_000 + "last"},
    ),
    ask("int_sam", message="For Sam", target=Target(type="user", id=SAM)),
    group_ask("int_board", message="Board?", policy=Policy(kind=PolicyKind.ANY), claimed_by=LEE),
)
RUN = run(
    "run_9F3K-57ZB4", workflow="Order-Fulfilment", started_by="user_zoe", external_id="EXT-7/b"
)


@pytest.fixture
def told(mirror: Mirror) -> Mirror:
    person("zoe", "user_zoe", "Zoë", "Quill")
    person("lee", LEE, "Lee", "Wong")
    Group.objects.create(
        upstream=mirror.upstream, mobius_id="grp_board", handle="change-board", name="Änderungsrat"
    )
    mirror.tell(*QUESTIONS, RUN)
    return mirror


FOUND = (
    # Case and accents.
    ("refund", {"refund"}),
    ("REFUND", {"refund"}),
    ("muller", {"refund"}),
    ("MÜLLER", {"refund"}),
    ("mu\u0308ller", {"refund"}),
    ("cafe", {"ship"}),
    ("zurich", {"ship"}),
    ("odegard", {"context"}),
    ("προσφορας", {"greek"}),
    ("istanbul", {"turkish"}),
    ("לאשר", {"hebrew"}),
    ("ﬁnd", set()),
    ("ｒｅｆｕｎｄ", {"refund"}),
    # Every word, by its beginning, in any order and field.
    ("ref", {"refund"}),
    ("efund", set()),
    ("re", {"refund", "ship"}),
    ("sohne refund", {"refund"}),
    ("refund sohnes", set()),
    ("refund ship", set()),
    ("ship order zoe", {"ship"}),
    # IDs and their parts.
    ("Q-48213", {"refund"}),
    ("48213", {"refund"}),
    ("482", {"refund"}),
    ("213", set()),
    ("int_refund", {"refund"}),
    ("run_9F3K-57ZB4", {"ship"}),
    ("9f3k", {"ship"}),
    ("#57ZB4", {"ship"}),
    ("EXT-7", {"ship"}),
    ("ext-7/b", {"ship"}),
    # Workflow and people, by ID and by name.
    ("order-ful", {"ship"}),
    ("fulfilment", {"ship"}),
    ("user_zoe", {"ship"}),
    ("Zoe", {"ship"}),
    ("quill", {"ship"}),
    ("quill zoë", {"ship"}),
    ("wong", {"board"}),
    ("änder", {"board"}),
    ("change-board", {"board"}),
    ("user_sam", {"sam"}),
    # Context, with its keys.
    ("toner", {"context"}),
    ("1200.5", {"context"}),
    ("zwolf", {"context"}),
    ("vendorname", {"context"}),
    ("name", {"context"}),
    ("deeper", {"context"}),
    ("12345678901234567890", {"context"}),
    ("true", set()),
    ("none", set()),
    # Long words are cut, and so are long texts.
    ("x" * 300, {"long"}),
    ("x" * 99, {"long"}),
    ("x" * 99 + "y", set()),
    ("end", {"long"}),
    ("last", set()),
    # Scripts.
    ("承認", {"cjk"}),
    ("契約", {"cjk"}),
    ("契約 🚀", {"cjk"}),
    ("🚀", {"cjk"}),
    ("🚁", set()),
    ("계약", {"korea"}),
    ("승", {"korea"}),
    ("हिन्दी", {"hindi"}),
    ("हा", set()),
    # What is typed is no syntax.
    ('"', set()),
    ('"refund', {"refund"}),
    ("ref*", {"refund"}),
    ("refund*nd", set()),
    ("NEAR", {"syntax"}),
    ("NEAR(star half)", {"syntax"}),
    ("star OR refund", set()),
    ("NOT refund", set()),
    ("refund AND ship", set()),
    ("question:refund", set()),
    ("{question} : refund", set()),
    ("^refund", {"refund"}),
    ("refund & !ship | (pay:*)", set()),
    ("col:on", {"syntax"}),
    ("alpha'beta", {"syntax"}),
    ("gam\\delta", {"syntax"}),
    ("'; DROP TABLE inbox_interaction; --", set()),
    ("%s %(zz)s", set()),
    ("re_und", set()),
    ("ref%", {"refund"}),
    ("softhyphen", {"hidden"}),
    ("zerowidth", {"hidden"}),
    ("ref\x00und", set()),
    ("\x00refund\x00", {"refund"}),
    ("\ud800refund", {"refund"}),
    ("\ue000", set()),
    ("!?*&|:()'\"", set()),
    ("", set()),
    ("refund " * 5_000, {"refund"}),
    (" ".join(f"w{n}" for n in range(2_000)), set()),
)
"""A search, and the questions that it finds."""


def test_a_search_finds_what_the_table_says(told: Mirror) -> None:
    wrong = [(text[:40], ids, got) for text, ids in FOUND if (got := found(text)) != ids]
    assert not wrong


@pytest.fixture
def several(mirror: Mirror) -> Mirror:
    options = (Option(value="opt_a", label="Postpone"), Option(value="opt_b", label="Go"))
    answer = reply(SAM, "opt_a", comment="Zanzibar first", at=at(1))
    questions = (Question(mode="select", options=options),)
    mirror.tell(group_ask("int_1", minutes=1, questions=questions, responses=(answer,)))
    return mirror


@pytest.mark.parametrize("word", ["zanzibar", "opt_a", "z", "ship zanzibar"])
def test_hidden_answers_are_not_found_until_one_has_answered(
    several: Mirror, settings: Any, word: str
) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    assert [found(word, viewer(who)) for who in (RINA, LEE, SAM)] == [set(), set(), {"1"}]
    assert found(word) == {"1"}
    # Who has answered isn't hidden, and neither is the question.
    assert found("user_sam", viewer(RINA)) == found("ship", viewer(RINA)) == {"1"}
    assert found("postpone", viewer(RINA)) == {"1"}
    mine = reply(RINA, "opt_b", comment="fine", at=at(2))
    theirs = reply(SAM, "opt_a", comment="Zanzibar first", at=at(1))
    several.tell(group_ask("int_1", minutes=2, responses=(theirs, mine)))
    assert found("zanzibar", viewer(RINA)) == {"1"}
    assert found("zanzibar", viewer(LEE)) == set()


def test_answers_are_found_where_they_are_not_hidden(several: Mirror) -> None:
    assert found("zanzibar postpone", viewer(RINA)) == {"1"}


def test_the_external_id_of_a_run_is_found_by_those_who_see_the_whole_run(mirror: Mirror) -> None:
    mirror.tell(ask(run_id="run_1"), run(external_id="EXT-7", workflow=""))
    assert found("ext") == {"1"}
    assert found("ext", viewer(RINA)) == set()


def test_only_what_the_viewer_may_see_is_found(told: Mirror) -> None:
    assert found("sam", viewer(RINA)) == found("refund", viewer("user_mallory")) == set()
    nobody = access.Viewer(user_id=0, mobius_id=None, name="", administrator=True)
    assert found("refund", nobody) == set()


def test_the_index_follows_the_question(mirror: Mirror) -> None:
    mirror.tell(ask(message="Paint it red?"))
    mirror.tell(ask(minutes=1, message="Paint it blue?"))
    assert (found("red"), found("blue")) == (set(), {"1"})
    mirror.tell(group_ask("int_2", claimed_by=None))
    mirror.tell(group_ask("int_2", minutes=1, claimed_by="user_kim"))
    assert found("kim") == {"2"}
    mirror.tell(group_ask("int_2", minutes=2, claimed_by=None))
    assert found("kim") == set()


def test_a_person_is_found_by_their_current_name(told: Mirror) -> None:
    user = get_user_model().objects.get(username="zoe")
    user.last_name = "Marriott"
    user.save()
    assert (found("quill"), found("marriott")) == (set(), {"ship"})


def test_deleted_questions_leave_the_index(mirror: Mirror) -> None:
    mirror.tell(answered(ask("int_1"), RINA, 1), ask("int_2"))
    assert prune(at(10))
    assert list(QuestionWords.objects.values_list("pk", flat=True)) == [
        Interaction.objects.get().pk
    ]
    Upstream.objects.all().delete()
    assert not QuestionWords.objects.exists()


@pytest.mark.django_db(transaction=True)
async def test_questions_are_reindexed_when_the_rules_have_changed(
    mirror: Mirror, caplog: pytest.LogCaptureFixture
) -> None:
    def prepare() -> None:
        mirror.tell(*(ask(f"int_{n}", run_id="run_1") for n in range(250)), run(external_id="EXT"))
        QuestionWords.objects.all().delete()
        Upstream.objects.update(index_rules="")

    await sync_to_async(prepare)()
    await rebuild_if_rules_changed()
    assert "Questions have been indexed for search: 250" in caplog.text
    assert await sync_to_async(QuestionWords.objects.count)() == 250
    assert await sync_to_async(found)("ext int_249") == {"249"}
    caplog.clear()
    await rebuild_if_rules_changed()
    assert not caplog.text


def test_a_rebuild_drops_what_is_no_longer_indexed(told: Mirror) -> None:
    Interaction.objects.filter(mobius_id="int_refund").update(message="changed behind its back")
    list(rebuild(told.upstream))
    assert (found("muller"), found("behind")) == (set(), {"refund"})


@pytest.mark.parametrize("word", ["hunter2", "hunter", "abc", "DE89"])
def test_masked_values_are_not_found(mirror: Mirror, settings: Any, word: str) -> None:
    settings.MASKED_KEYS = ("iban",)
    context = {"db": {"password": "hunter2"}, "apiToken": ["abc-DE89"], "iban": "DE89 3704"}
    value = {"secret": "hunter2", "note": "kept"}
    mirror.tell(answered(ask(context=context), RINA, 1, value))
    assert found(word) == set()
    assert found("password iban db kept") == {"1"}


def test_a_new_masked_key_reindexes_all_questions(mirror: Mirror, settings: Any) -> None:
    assert Upstream.current().index_rules == rules()
    settings.MASKED_KEYS = ("iban",)
    assert Upstream.current().index_rules != rules()


def test_a_new_masked_key_masks_the_search_text_of_runs(mirror: Mirror, settings: Any) -> None:
    mirror.tell(run("run_1", inputs={"iban": "DE89 3704", "town": "Espoo"}))
    settings.MASKED_KEYS = ("iban",)
    list(rebuild(mirror.upstream))
    text = Run.objects.get().search
    assert "espoo" in text
    assert "de89" not in text
