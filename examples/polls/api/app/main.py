import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, FastAPI, HTTPException, Request
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis

from .config import settings
from .models import AcceptedVote, NewPoll, NewVote, Poll
from .polls import add_poll, find_poll, newest_polls

VOTES = "votes"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    pool = AsyncConnectionPool(settings.database_url, open=False, timeout=5, check=AsyncConnectionPool.check_connection)
    async with pool, Redis.from_url(settings.redis_url) as redis:
        app.state.pool = pool
        app.state.redis = redis
        yield


app = FastAPI(title="Polls", lifespan=lifespan, docs_url="/api/docs", openapi_url="/api/openapi.json")


async def connection(request: Request) -> AsyncIterator[AsyncConnection]:
    async with request.app.state.pool.connection() as connection:
        yield connection


Connection = Annotated[AsyncConnection, Depends(connection)]


@app.get("/api/healthz")
async def healthz(request: Request, connection: Connection) -> dict[str, str]:
    await connection.execute("SELECT 1")
    await request.app.state.redis.ping()
    return {"status": "ok"}


@app.get("/api/polls")
async def list_polls(connection: Connection) -> list[Poll]:
    return await newest_polls(connection)


@app.post("/api/polls", status_code=201)
async def create_poll(new: NewPoll, connection: Connection) -> Poll:
    if len(new.options) > settings.polls_max_options:
        raise HTTPException(422, f"A poll has at most {settings.polls_max_options} options.")
    return await add_poll(connection, new)


@app.get("/api/polls/{poll_id}")
async def show_poll(poll_id: int, connection: Connection) -> Poll:
    poll = await find_poll(connection, poll_id)
    if poll is None:
        raise HTTPException(404, "There is no such poll.")
    return poll


@app.post("/api/polls/{poll_id}/votes", status_code=202)
async def vote(poll_id: int, new: NewVote, request: Request, connection: Connection) -> AcceptedVote:
    poll = await show_poll(poll_id, connection)
    if new.option_id not in {option.id for option in poll.options}:
        raise HTTPException(422, "There is no such option.")
    accepted = AcceptedVote(id=uuid4())
    await request.app.state.redis.rpush(VOTES, json.dumps({"id": str(accepted.id), "option_id": new.option_id}))
    return accepted
