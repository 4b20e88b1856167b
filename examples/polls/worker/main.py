"""Counts votes: takes them from the list in Redis and writes each to PostgreSQL, once."""

import json
import logging
import os
import signal

import psycopg
from redis import Redis

WAITING = "votes"
# What is being counted. A worker that dies leaves its vote here, and the next that starts puts it back.
COUNTING = "votes:counting"

log = logging.getLogger("worker")


class Stop:
    """Set by SIGTERM: the vote that is being counted is finished, and no other begun."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self.ask)
        signal.signal(signal.SIGINT, self.ask)

    def ask(self, *_: object) -> None:
        self.asked = True


def put_back(redis: Redis) -> None:
    """Another worker may be counting one of them just now; counting it again changes nothing."""
    while redis.lmove(COUNTING, WAITING, "RIGHT", "LEFT"):
        pass


def count(connection: psycopg.Connection, raw: bytes) -> str:
    """Writes a vote; the same one again, or one for what is no longer there, is left out."""
    vote = json.loads(raw)
    try:
        with connection.transaction():
            written = connection.execute(
                "INSERT INTO votes (id, option_id) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
                (vote["id"], vote["option_id"]),
            )
    except psycopg.errors.ForeignKeyViolation:
        return f"dropped {vote['id']}: option {vote['option_id']} is gone"
    return f"counted {vote['id']}" if written.rowcount else f"had {vote['id']} already"


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    stop = Stop()
    redis = Redis.from_url(os.environ["REDIS_URL"])
    with redis, psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        put_back(redis)
        log.info("waiting for votes")
        while not stop.asked:
            raw = redis.blmove(WAITING, COUNTING, timeout=1, src="LEFT", dest="RIGHT")
            if raw is None:
                continue
            log.info(count(connection, raw))
            redis.lrem(COUNTING, 1, raw)
    log.info("stopped")


if __name__ == "__main__":
    main()
