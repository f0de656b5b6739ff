"""The table's column of hidden answers, over HTTP."""

from collections.abc import Iterator

import pytest

from tests.access.table import TABLE, Action, Status, Verdict, Who
from tests.served.scene import SAID, Scene
from tests.support.databases import environment
from tests.support.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.any_database]

PLACES = [
    pytest.param(status, who, id=f"{who}: {status}")
    for status in Status
    for who in Who
    if TABLE[status, who, Action.SEE] is Verdict.YES
    and TABLE[status, who, Action.HIDDEN] is not Verdict.NEVER
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("hidden")
    setting = {"GROUP_ANSWERS_HIDDEN_UNTIL_MINE": "on"}
    product = Product(folder, environment(folder, "hidden", installed=True) | setting)
    product.start()
    made = Scene(product)
    made.arrange(changes=False)
    yield made
    made.close()
    product.stop()


@pytest.mark.parametrize(("status", "who"), PLACES)
def test_hidden_answers_are_shown_as_the_table_says(scene: Scene, status: Status, who: Who) -> None:
    verdict, visitor = TABLE[status, who, Action.HIDDEN], scene.visitor(who)
    for question in scene.looked_at[status, who]:
        interaction = scene.upstream(question)
        if interaction["target"]["type"] != "group":
            continue
        page = f"/interactions/{question.id}/"
        pages = [visitor.get(path).text for path in (page, f"{page}raw.json")]
        assert [SAID in text for text in pages] == [verdict is Verdict.YES] * 2


@pytest.mark.parametrize("who", [Who.MEMBER, Who.FORMER], ids=str)
def test_no_other_page_reveals_it_early(scene: Scene, who: Who) -> None:
    visitor = scene.visitor(who)
    for question in scene.looked_at[Status.WITHOUT, who]:
        pages = (f"/runs/{question.run}/", f"/inbox/?item={question.id}", "/inbox/", "/runs/")
        for page in pages:
            assert SAID not in visitor.get(page).text
        raw = visitor.get(f"/interactions/{question.id}/raw.json").json()
        assert all(one.get("value") is None for one in raw["partial_responses"])


@pytest.mark.parametrize("who", [Who.MEMBER, Who.FORMER], ids=str)
def test_the_names_of_those_who_answered_are_not_hidden(scene: Scene, who: Who) -> None:
    for question in scene.looked_at[Status.WITHOUT, who]:
        page = scene.visitor(who).get(f"/interactions/{question.id}/").text
        assert "1 of 3" in page
