"""`DATABASE_URL=postgres://… python -m tests.bench.notification_kills [KILLS]`: three processes, of
which the leader is killed while it sends notifications, at each step in turn.

Each kill falls among the messages about one question: an email, a push message, a signed webhook
and a chat's. A row for each step says how many events were written, how many messages arrived at
least once, how many came twice, and what was wrong.
"""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from tests.support.cluster import Cluster  # noqa: E402
from tests.support.crowd import enter  # noqa: E402
from tests.support.outbox_kills import STEPS, Kills  # noqa: E402
from tests.support.receivers import Receivers  # noqa: E402

KILLS = 50


def main() -> None:
    number = int(sys.argv[1]) if sys.argv[1:] else KILLS
    people = {f"member{n:03}": f"user_member{n:03}" for n in range(number)}
    with (
        tempfile.TemporaryDirectory() as folder,
        Receivers() as receivers,
        Cluster(Path(folder), **receivers.settings) as cluster,
    ):
        enter(cluster.products[0], dict(people))
        receivers.reach(cluster.products[0], people, workflows=people)
        kills = Kills(cluster, receivers)
        counts: dict[str, Counter[str]] = {step: Counter() for step in STEPS}
        for n, (name, mobius_id) in enumerate(people.items()):
            step = STEPS[n % len(STEPS)]
            item = kills.kill(step, mobius_id, workflow=name)
            problems = kills.problems(item)
            arrived = receivers.about(item)
            written = "SELECT count(*) FROM inbox_notificationevent WHERE subject = "
            [[events]] = cluster.rows(f"{written} '{item}'")
            counts[step] += Counter(
                kills=1,
                events=events,
                delivered=sum(bool(copies) for copies in arrived.values()),
                doubled=sum(len(copies) - 1 for copies in arrived.values()),
                wrong=len(problems),
            )
            sys.stderr.writelines(f"{item} {step} {problem}\n" for problem in problems)
    columns = ("kills", "events", "delivered", "doubled", "wrong")
    sys.stdout.write(f"| killed while | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n")
    for step, count in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        cells = " | ".join(str(count[column]) for column in columns)
        sys.stdout.write(f"| {step} | {cells} |\n")


if __name__ == "__main__":
    main()
