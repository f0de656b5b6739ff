from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from inbox.engine.rules.errors import EngineError, bad_request, not_supported

MAX_DEPTH = 64
"""How many levels of objects and arrays a body may have."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1)]


def check_one_line(value: str) -> str:
    if not value.isprintable():
        raise wrong("must not contain line breaks or other control characters")
    return value


Id = Annotated[Name, AfterValidator(check_one_line)]
"""The id of a person or a group."""


class Body(BaseModel):
    """``not_served`` are fields that Mobius has and this engine does not support."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    not_served: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _refuse_not_served(cls, sent: Any) -> Any:
        if isinstance(sent, dict):
            for name in sent:
                if name in cls.not_served:
                    raise PydanticCustomError("not_supported", "{field}", {"field": name})
        return sent


class Empty(Body):
    """The body of a call that reads none."""


def wrong(message: str) -> PydanticCustomError:
    """``message`` continues a sentence that begins with the field."""
    return PydanticCustomError("wrong", "{message}", {"message": message})


def unsupported(field: str, why: str) -> PydanticCustomError:
    return PydanticCustomError("not_supported", "{field}", {"field": field, "why": why})


B = TypeVar("B", bound=Body)


def read(model: type[B], sent: Any) -> B:
    """Raises 400 ``bad_request`` or ``not_supported`` with the field."""
    if not isinstance(sent, dict):
        raise bad_request("The body must be a JSON object.")
    check_storable(sent)
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        raise _refusal(error) from None


def check_storable(sent: Any) -> None:
    """Refuse what databases can't store (NUL, lone surrogates) and too deep nesting."""
    pending: list[tuple[Any, int]] = [(sent, 1)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, str):
            if not is_storable(value):
                raise bad_request("The body contains a character that cannot be stored.")
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise bad_request(f"The body is nested deeper than {MAX_DEPTH} levels.")
            if isinstance(value, dict):
                pending += [(key, depth) for key in value]
                pending += [(child, depth + 1) for child in value.values()]
            else:
                pending += [(child, depth + 1) for child in value]


def is_storable(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    return not any("\ud800" <= character <= "\udfff" for character in text)


_URGENT = {"not_supported": 0, "extra_forbidden": 1}


def _refusal(error: ValidationError) -> EngineError:
    details = error.errors(include_url=False, include_input=False)
    first = min(details, key=lambda detail: _URGENT.get(detail["type"], len(_URGENT)))
    place = _place(first)
    context = first.get("ctx", {})
    match first["type"]:
        case "not_supported":
            field = ".".join(part for part in (place, context["field"]) if part)
            why = context.get("why", "the embedded engine does not serve it")
            return not_supported(f"{field} is not supported: {why}.", field=field)
        case "extra_forbidden":
            return bad_request(f"{place} is not a known field.", field=place)
        case "missing":
            return bad_request(f"{place} is missing.", field=place)
        case "wrong":
            message = context["message"]
            if not place:
                return bad_request(f"{message}.")
            return bad_request(f"{place} {message}.", field=place)
        case _:
            return bad_request(f"{place}: {first['msg']}.", field=place)


def _place(error: ErrorDetails) -> str:
    place = ""
    for part in error["loc"]:
        if isinstance(part, int):
            place += f"[{part}]"
        else:
            place += f".{part}" if place else part
    return place
