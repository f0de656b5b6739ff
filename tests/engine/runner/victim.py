"""A program that is killed: it starts runs, answers, signals, and carries runs on, without end.

``python -m tests.engine.runner.victim HANDLE SERVICE_KEY``: prints ``ready``, then a line for each
thing that it was told is done: ``run ID`` for a run that was started, ``answer ID`` for an
interaction that was answered. It ends by SIGKILL.
"""

import itertools
import sys
import threading

import django

django.setup()

from inbox.engine.actions import interactions, runs  # noqa: E402
from inbox.engine.actions.auth import Caller, authenticate  # noqa: E402
from inbox.engine.actions.unit import events_committed  # noqa: E402
from inbox.engine.rules.errors import EngineError  # noqa: E402
from inbox.engine.runner import Runner  # noqa: E402
from tests.engine.team import act, question, sleep, wait  # noqa: E402


def say(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def begin(caller: Caller) -> None:
    """Start runs of every kind of step, some of which no one answers in time."""
    for number in itertools.count():
        steps = [
            act("print", message=f"number {number}"),
            sleep("5ms"),
            question(timeout="40ms" if number % 4 == 0 else "1h"),
            wait("go"),
            act("time", "end"),
        ]
        body = {"spec": {"name": "victim", "steps": steps}}
        say("run", runs.start(caller=caller, body=body)["id"])


def answer(caller: Caller) -> None:
    """Looking without a pause would keep the interpreter from those who are to work meanwhile."""
    committed = threading.Event()

    def wake(**kwargs: object) -> None:
        committed.set()

    events_committed.connect(wake)
    while True:
        committed.clear()
        filters = {"status": "pending"}
        page = interactions.list_interactions(caller=caller, filters=filters, limit=5)
        for item in page["items"]:
            try:
                interactions.respond(caller=caller, interaction_id=item["id"], body={"value": True})
                say("answer", item["id"])
                runs.signal(caller=caller, run_id=item["run_id"], body={"name": "go"})
            except EngineError:
                continue
        committed.wait()


def main() -> None:
    caller = authenticate(token=sys.argv[2], project=sys.argv[1])
    Runner().start()
    say("ready")
    threading.Thread(target=answer, args=(caller,), daemon=True).start()
    begin(caller)


if __name__ == "__main__":
    main()
