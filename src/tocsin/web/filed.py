"""The postmortem's file on this node: what somebody changed in it by hand is noticed before the document is shown."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request

from tocsin.usecases import postmortems, publish


async def noticed(request: Request, number: int) -> Any:
    """Read the document and its file; returns the row. Raises Refused: 404."""
    db, setup = request.app.state.db, request.app.state.setup
    row = await db.read(postmortems.read, number)
    text = await asyncio.to_thread(publish.read_file, setup.data, row.path)
    if text is None or not await db.read(publish.is_strange, number, text):
        return row
    await db.write(publish.noticed, number, text)
    return await db.read(postmortems.read, number)
