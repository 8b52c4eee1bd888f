"""The style sheets, the script, the typeface: read once, and kept by browsers for as long as they stay the same."""

from functools import cache
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from starter.web.page import Page, Visit
from starter.web.site import STATIC, static_path

_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_FOREVER: Final = "public, max-age=31536000, immutable"


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    return {
        str(file.relative_to(STATIC)): (file.read_bytes(), _TYPES[file.suffix])
        for file in STATIC.rglob("*")
        if file.suffix in _TYPES
    }


async def static_file(visit: Visit) -> Response:
    """Return one file of the current fingerprint."""
    found = _files().get(visit.place("file"))
    if found is None or not static_path().endswith(f"/{visit.place('fingerprint')}"):
        raise HTTPException(404)
    content, kind = found
    return Response(content, media_type=kind, headers={"Cache-Control": _FOREVER})


PAGES: Final = (Page("/static/{fingerprint}/{file:path}", static_file, ("GET",), "anyone"),)
