from psycopg import AsyncConnection
from psycopg.rows import dict_row

from .models import NewPoll, Poll

RESULTS = """
    SELECT p.id, p.question, p.created_at, json_agg(o ORDER BY o.id) AS options
      FROM polls p
      JOIN (SELECT o.id, o.poll_id, o.text, count(v.id) AS votes
              FROM options o LEFT JOIN votes v ON v.option_id = o.id
             GROUP BY o.id) o ON o.poll_id = p.id
"""


async def add_poll(connection: AsyncConnection, new: NewPoll) -> Poll:
    async with connection.transaction(), connection.cursor() as cursor:
        await cursor.execute("INSERT INTO polls (question) VALUES (%s) RETURNING id", (new.question,))
        (poll_id,) = await cursor.fetchone()
        await cursor.executemany(
            "INSERT INTO options (poll_id, text) VALUES (%s, %s)", [(poll_id, text) for text in new.options]
        )
    return await find_poll(connection, poll_id)


async def find_poll(connection: AsyncConnection, poll_id: int) -> Poll | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(f"{RESULTS} WHERE p.id = %s GROUP BY p.id", (poll_id,))
        row = await cursor.fetchone()
    return Poll.model_validate(row) if row else None


async def newest_polls(connection: AsyncConnection, limit: int = 20) -> list[Poll]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(f"{RESULTS} GROUP BY p.id ORDER BY p.id DESC LIMIT %s", (limit,))
        return [Poll.model_validate(row) for row in await cursor.fetchall()]
