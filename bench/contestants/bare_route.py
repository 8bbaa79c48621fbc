"""What is written where nothing is promised: a FastAPI route that inserts one row and answers 201."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Request

from chassis.ids import uuid7

TABLE = "create table bare (client_id uuid primary key, agency text not null, content jsonb not null)"


@asynccontextmanager
async def opened(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(app.state.dsn, min_size=10, max_size=10) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=opened)


@app.post("/v1/clients", status_code=201)
async def create(content: dict[str, Any], request: Request) -> dict[str, UUID]:
    client_id = uuid7()
    await request.app.state.pool.execute(
        "insert into bare values ($1, $2, $3)", client_id, "byra-ett", orjson.dumps(content).decode()
    )
    return {"client_id": client_id}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    app.state.dsn = asked.dsn
    uvicorn.run(app, host="127.0.0.1", port=asked.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
