from typing import Any


class EngineError(Exception):
    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers

    def payload(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return {"error": error}


class StepFailed(Exception):
    """``reason`` is the step's error type; ``message`` ends a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def bad_request(message: str, **details: Any) -> EngineError:
    return EngineError(400, "bad_request", message, details or None)


def not_supported(message: str, **details: Any) -> EngineError:
    return EngineError(400, "not_supported", message, details or None)


def unauthorized(message: str) -> EngineError:
    return EngineError(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> EngineError:
    return EngineError(403, "permission_denied", message)


def not_found(resource: str) -> EngineError:
    return EngineError(404, "not_found", f"{resource} was not found.")


def conflict(message: str, *, code: str = "conflict", **details: Any) -> EngineError:
    return EngineError(409, code, message, details or None)
