"""What goes wrong, as programs read it: one JSON object, with every fault at once (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.responses import Response

from domain.forms import Fault

PLACE: Final = "/api/"
"""With this begin the addresses at which errors are told to programs."""

PROBLEM: Final = "application/problem+json"

_TITLES: Final = {
    400: "That could not be read",
    401: "A token is needed",
    403: "That is not allowed",
    404: "Not found",
    405: "That does not work here",
    409: "That is not how it is any more",
    415: "Send JSON",
    421: "This is not the address of Duly",
    422: "Something is wrong with what was sent",
    429: "Too many tries",
    500: "Something went wrong",
    503: "Duly cannot do that just now",
}


class ProblemError(Exception):
    """A request of a program that comes to nothing; `code` says to the program why, `detail` to whoever reads it."""

    def __init__(
        self,
        status: int,
        code: str = "",
        detail: str = "",
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """Return what the program is answered."""
        return problem(self.status, self.code, self.detail, self.faults, self.headers)


def is_for_programs(path: str) -> bool:
    """Return whether errors at `path` are told to programs."""
    return path.startswith(PLACE)


def problem(
    status: int,
    code: str = "",
    detail: str = "",
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem as JSON; for each status and code the same, whoever asks and whatever exists."""
    told: dict[str, object] = {
        "type": f"urn:duly:{code}" if code else "about:blank",
        "title": _TITLES.get(status, _TITLES[500]),
        "status": status,
    }
    if detail:
        told["detail"] = detail
    if faults:
        told["faults"] = [fault.model_dump() for fault in faults]
    extra = {"WWW-Authenticate": 'Bearer realm="Duly"'} if status == 401 else {}
    return Response(json.dumps(told), status, {**extra, **(headers or {})}, PROBLEM)
