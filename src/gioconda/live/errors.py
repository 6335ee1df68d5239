"""Errors: what a client is told, with a code for its program, and which of them end a session.

REST, WebSocket and WebRTC all answer what `refusal_of` makes of an error.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

from gioconda.errors import GiocondaError
from gioconda.live.dials import DialError
from gioconda.live.playout import BufferFullError
from gioconda.live.session import ClosedError

_LOG: Final = logging.getLogger(__name__)

# The first that fits: status of HTTP and code.
_KINDS: Final[tuple[tuple[type[GiocondaError], int, str], ...]] = (
    (ClosedError, 409, "state"),
    (BufferFullError, 413, "too-far-ahead"),
    (DialError, 400, "controls"),
    (GiocondaError, 400, "bad-request"),
)
# On a connection these end the session; after any other it goes on.
_FATAL: Final = ("too-far-ahead", "internal")
_FAILURE: Final = "the session failed; begin another"

_EXPECTED: Final = {  # by pydantic's types of errors, or by their first words
    "bool": "true or false",
    "dict": "an object",
    "greater_than_equal": "{ge} or more",
    "int": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "model_attributes_type": "a JSON object, sent as application/json",
    "string": "a text",
    "string_too_long": "at most {max_length} characters",
}


class RefusalError(GiocondaError):
    """A request that is not met.

    Args:
        status: of HTTP.
        code: a word for programs, see docs/live.md.
        message: a sentence for people.
        more: JSON that the answer holds besides.
    """

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.more = status, code, more

    @property
    def ends_session(self) -> bool:
        """Whether a session ends when its connection meets this."""
        return self.code in _FATAL

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        return {"error": str(self), "code": self.code, **self.more}

    def response(self) -> JSONResponse:
        """The answer, which says by its headers what would help."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        if retry := self.more.get("retry_after", 10 if self.status == 503 else None):
            headers["Retry-After"] = str(retry)
        return JSONResponse(self.body(), self.status, headers)


def refusal_of(error: Exception, failure: str = _FAILURE) -> RefusalError:
    """What a client is told of an error.

    Args:
        error: one that is not meant for users is logged, and only `failure` is told.
        failure: a sentence.
    """
    if isinstance(error, RefusalError):
        return error
    for kind, status, code in _KINDS:
        if isinstance(error, kind):
            return RefusalError(status, code, str(error))
    _LOG.error(failure, exc_info=error)
    return RefusalError(500, "internal", failure)


def check_fields(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise RefusalError if a request has a field that it should not have."""
    for name in given:
        if name not in known:
            message = (
                f"{name!r:.40} is not a field of this request; the fields are {', '.join(known)}"
            )
            raise RefusalError(400, "bad-request", message)


def invalid(error: Mapping[str, Any], code: str = "bad-request") -> RefusalError:
    """What pydantic found wrong with a request, in plain words."""
    where = ".".join(str(part) for part in error["loc"][1:]) or "the body"
    kind, found = error["type"], error.get("input")
    if kind == "missing":
        message = f"{where} is missing"
    elif kind == "json_invalid":
        message = "the body is not JSON"
    elif "UploadFile" in error["msg"]:
        message = f"{where} must be a file"
    elif expected := _EXPECTED.get(kind) or _EXPECTED.get(kind.partition("_")[0]):
        expected = expected.format(**error.get("ctx", {}))
        message = f"{where}: expected {expected}; found {_shown(found)}"
    else:
        message = f"{where}: {error['msg']}"
    return RefusalError(400, code, message)


def _shown(value: object) -> str:
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):  # a file, bytes
        return "something else"
    return text if len(text) <= 40 else f"{text[:37]}..."
