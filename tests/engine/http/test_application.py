import json

import pytest
from starlette.types import Message

from inbox.engine.http.application import Application


async def test_a_defect_is_a_500_in_the_apis_shape_and_still_reaches_the_servers_log() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope_without_a_path = {"type": "http", "method": "GET", "headers": []}
    application = Application()
    with pytest.raises(KeyError):
        await application(scope_without_a_path, receive, send)
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["error"]["code"] == "internal_error"
