import json
import threading
from typing import Any

from django.db import connections

from inbox.audit import anchor, chain, decision_log
from inbox.audit.anchor import AnchorFile, Head
from inbox.lib import private_files
from inbox.models import DecisionHead, append_only
from inbox.models.append_only import TABLE


def lift_triggers(using: str = "default") -> None:
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT tgname FROM pg_trigger "
                "WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal",
                [TABLE],
            )
            drop = f"DROP TRIGGER {{}} ON {TABLE}"
        else:
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE]
            )
            drop = "DROP TRIGGER {}"
        for (name,) in cursor.fetchall():
            cursor.execute(drop.format(name))


def run_sql(statement: str, parameters: list[Any] | None = None, using: str = "default") -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)


def cut_off_after(number: int, head: DecisionHead) -> None:
    lift_triggers()
    run_sql(f"DELETE FROM {TABLE} WHERE number > %s", [number])
    run_sql(
        "UPDATE inbox_decisionhead SET number = %s, hash = %s, mac = %s",
        [head.number, head.hash, head.mac],
    )


def empty_log() -> None:
    lift_triggers()
    run_sql(f"DELETE FROM {TABLE}")
    run_sql("DELETE FROM inbox_decisionhead")
    append_only.install_triggers(using="default")
    decision_log.begin()
    forget_anchored_heads()


def wait_for_anchor() -> None:
    for thread in threading.enumerate():
        if thread.name == "log-anchor":
            thread.join()


def forget_anchored_heads() -> None:
    rewrite(anchor.files()[0], [Head(0, chain.NOTHING)])


def rewrite(file: AnchorFile, heads: list[Head]) -> None:
    with private_files.locked(file.lock):
        private_files.make_file(file.path)
        lines = file.path.read_text().splitlines()
        others = [line for line in lines if json.loads(line)["database"] != file.database]
        # Other workers, which share the folder, read it at any time.
        private_files.write(file.path, "".join(f"{line}\n" for line in others))
    for head in heads:
        file.declare(head)
