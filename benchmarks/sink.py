"""The school's mail server: takes every mail and says on standard output, a JSON line each, what came."""

import asyncio
import json
import re
import sys
from email import message_from_bytes, policy
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

_LINK: Final = re.compile(r"https?://\S+")
_CODE: Final = re.compile(r"^[2-9A-Z]{4}[ -]?[2-9A-Z]{4}\s*$", re.MULTILINE)


class Sink:
    """Keeps nothing."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        """Say to whom a mail went, its subject, its first link, and the code in it."""
        del server, session
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        link, code = _LINK.search(text), _CODE.search(text)
        said = {
            "to": str(message["To"]),
            "subject": str(message["Subject"]),
            "link": link.group() if link else "",
            "code": code.group().strip() if code else "",
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        return "250 OK"


async def main(port: int) -> None:
    """Take mail until killed."""
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(sink), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
