from typing import Any

import httpx


def refused(response: httpx.Response, status: int, code: str, *words: str) -> dict[str, Any]:
    """Return the details."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) <= {"code", "message", "details"}
    assert body["error"]["code"] == code
    for word in words:
        assert word in body["error"]["message"]
    details: dict[str, Any] = body["error"].get("details", {})
    return details
