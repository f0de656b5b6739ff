import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.served.visitor import Visitor
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.product import Product, ask, interaction_of

pytestmark = [pytest.mark.slow, pytest.mark.process]

REASON = "Restored the backup of 23 November"
SHOW = (
    "from inbox.models import Decision;"
    "rows = Decision.objects.filter(verb='respond', interaction_id__in={ids}).order_by('number');"
    "print(*(f'{{row.title}} {{row.account or row.observed}}' for row in rows), sep='\\n')"
)

Restore = Callable[[], None]


def back_up_sqlite(product: Product, file: Path) -> Restore:
    database = product.folder / "inbox.sqlite3"
    subprocess.run(["sqlite3", database, f".backup {file}"], check=True)

    def restore() -> None:
        shutil.copy(file, database)
        for end in ("-wal", "-shm"):
            database.with_name(f"{database.name}{end}").unlink(missing_ok=True)

    return restore


def back_up_postgresql(product: Product, file: Path) -> Restore:
    url = urlsplit(product.environment["DATABASE_URL"])
    name = url.path.removeprefix("/")

    def run(program: str, *words: str | Path) -> None:
        at = [f"--host={url.hostname}", f"--port={url.port or 5432}", f"--username={url.username}"]
        subprocess.run([program, *at, *words], check=True)

    run("pg_dump", "--format=custom", f"--file={file}", name)

    def restore() -> None:
        run("dropdb", name)
        run("createdb", name)
        run("pg_restore", "--exit-on-error", f"--dbname={name}", file)

    return restore


@pytest.mark.parametrize(
    ("database", "back_up"),
    [
        pytest.param("sqlite", back_up_sqlite),
        pytest.param("postgresql", back_up_postgresql, marks=pytest.mark.postgresql),
    ],
)
def test_after_a_restore_later_answers_are_read_from_mobius(
    database: str, back_up: Callable[[Product, Path], Restore], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    settings = environment(folder, "restore", installed=True)
    if database == "sqlite":
        settings["DATABASE_URL"] = ""
    product = Product(folder, settings)
    product.start()
    entry = enter(product, {"rina": "user_rina"})["rina"]
    rina = Visitor(product.web, "rina", entry)
    with product.api() as api, rina.hearing() as until:
        before, after, elsewhere = ids = [
            interaction_of(api, ask(api, title))["id"] for title in ("Before", "After", "Elsewhere")
        ]
        for item_id in ids:
            until(lambda path=f"/interactions/{item_id}/": rina.get(path).status_code == 200)
        answer = {"value": "true", "confirmed": "on"}
        rina.post(f"/interactions/{before}/respond", answer)
        restore = back_up(product, tmp_path / "backup")
        rina.post(f"/interactions/{after}/respond", answer)
        token = {"Authorization": f"Bearer {entry['token']}"}
        api.post(f"/interactions/{elsewhere}/respond", json={"value": True}, headers=token)
    rina.close()
    product.stop()

    restore()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        product.manage("verify_decisions")
    assert "although decisions.anchor recorded" in refused.value.stderr
    product.manage("reseal_decisions", "--reason", REASON)
    product.start()
    rina = Visitor(product.web, "rina", entry)
    with rina.hearing() as until:
        for item_id in ids:
            path = f"/interactions/{item_id}/receipt"
            until(lambda path=path: rina.get(path).status_code == 200)
    rina.close()
    assert "; a break was declared at entry" in product.manage("verify_decisions")
    shown = product.manage("shell", "--no-imports", "-c", SHOW.format(ids=ids))
    product.stop()
    assert sorted(shown.splitlines()) == ["After True", "Before rina", "Elsewhere True"]
