"""Kills the leader of a cluster while it sends notifications, at each step of the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from tests.support.cluster import Cluster, until
from tests.support.receivers import CHANNELS, CHAT, Receivers

LOCKS = 4711
"""The advisory locks for which the triggers below wait while the test holds them."""
STEPS_IN_DATABASE = {
    "the event is being written": 1,
    "the event is written": 2,
    "its messages are planned": 3,
    "its messages are sent and not stored": 4,
}
BEGUN, READ = "its messages are marked", "its messages are being sent"
STEPS = (*STEPS_IN_DATABASE, BEGUN, READ)
TABLES = ("inbox_delivery", "inbox_channelmessage")

_OF_EVENTS = f"""
CREATE FUNCTION stop_at() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_advisory_xact_lock_shared({LOCKS}, TG_ARGV[0]::int); RETURN NEW; END $$;
CREATE TRIGGER stop_writing BEFORE INSERT ON inbox_notificationevent
  FOR EACH ROW EXECUTE FUNCTION stop_at(1);
CREATE TRIGGER stop_planning BEFORE UPDATE ON inbox_notificationevent
  FOR EACH ROW EXECUTE FUNCTION stop_at(2);
"""
_OF_MESSAGES = """
CREATE TRIGGER stop_marking BEFORE UPDATE ON {table} FOR EACH ROW
  WHEN (OLD.message = '' AND NEW.message <> '') EXECUTE FUNCTION stop_at(3);
CREATE TRIGGER stop_storing BEFORE UPDATE ON {table} FOR EACH ROW
  WHEN (OLD.state <> 'sent' AND NEW.state = 'sent') EXECUTE FUNCTION stop_at(4);
"""
_STOPPED = (
    "FROM pg_locks JOIN pg_database ON database = pg_database.oid WHERE NOT granted"
    f" AND datname = current_database() AND locktype = 'advisory' AND classid = {LOCKS}"
)


class Kills:
    def __init__(self, cluster: Cluster, receivers: Receivers) -> None:
        self._cluster = cluster
        self._receivers = receivers
        cluster.rows(_OF_EVENTS)
        for table in TABLES:
            cluster.rows(_OF_MESSAGES.format(table=table))

    def kill(self, step: str, person: str, workflow: str) -> str:
        """Ask a person, and kill the leader at this step. Returns the question's ID."""
        cluster = self._cluster
        killed = [one for one in cluster.products if not one.running]
        if len(killed) > 1:
            for product in killed:
                product.start()
        with self._stopping(step) as stopped:
            item = cluster.ask(person, f"Asked while {step}?", workflow=workflow)
            stopped()
            leader = cluster.leader()
            leader.kill()
        cluster.leader(besides=leader)
        return item

    def problems(self, item: str) -> list[str]:
        """With the messages about a question, once all are stored as sent."""
        until(lambda: self._stored(item))
        copies = self._receivers.about(item)
        found = []
        for channel in CHANNELS:
            identities = {copy.identity for copy in copies[channel]}
            if len(identities) != 1:
                found.append(f"{channel}: {len(identities)} messages instead of one")
        if len(copies[CHAT]) > 2 or (
            len(copies[CHAT]) == 2 and not self._said_to_be_repeated(item)
        ):
            found.append(f"{CHAT}: came {len(copies[CHAT])} times, and Deliveries doesn't say so")
        return found

    def _stored(self, item: str) -> bool:
        states = [
            state
            for table in TABLES
            for (state,) in self._cluster.rows(
                f"SELECT state FROM {table} JOIN inbox_notificationevent AS event"
                f" ON event.id = event_id WHERE subject = '{item}'"
            )
        ]
        return states == ["sent"] * len(CHANNELS)

    def _said_to_be_repeated(self, item: str) -> bool:
        return self._cluster.rows(
            "SELECT twice FROM inbox_channelmessage"
            " JOIN inbox_notificationevent AS event ON event.id = event_id"
            " JOIN inbox_groupchannel AS channel ON channel.id = channel_id"
            f" WHERE subject = '{item}' AND channel.kind = '{CHAT}'"
        ) == [(True,)]

    @contextmanager
    def _stopping(self, step: str) -> Iterator[Callable[[], None]]:
        """Gives what waits until the leader is stopped there."""
        if step in STEPS_IN_DATABASE:
            with self._in_database(STEPS_IN_DATABASE[step]) as stopped:
                yield stopped
            return
        gate = {BEGUN: self._receivers.begun, READ: self._receivers.read}[step]
        gate.shut()
        yield lambda: gate.wait_for(len(CHANNELS))
        gate.open()

    @contextmanager
    def _in_database(self, number: int) -> Iterator[Callable[[], None]]:
        with psycopg.connect(self._cluster.database, autocommit=True) as session:
            session.execute("SELECT pg_advisory_lock(%s, %s)", [LOCKS, number])
            yield lambda: until(lambda: self._cluster.rows(f"SELECT pid {_STOPPED}"))
            # PostgreSQL would finish the statement of a process that is gone.
            session.execute(f"SELECT pg_terminate_backend(pid) {_STOPPED}".encode())
