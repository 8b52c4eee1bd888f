"""The embedded Temporal server: whether it is wanted, its command, and how long it keeps closed cases."""

import asyncio
import shutil
import socket
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from temporalio.envconfig import ClientConfigProfile

from duly.part import CannotStartError

LOOPBACK = "127.0.0.1"
RETENTION = "168h"
PAUSE = 0.05


@dataclass(frozen=True)
class Server:
    """A server to start: the command, its address, and the namespace that it makes."""

    executable: str
    database: Path
    port: int
    namespace: str

    @property
    def address(self) -> str:
        """Where a client finds the server."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def command(self) -> list[str]:
        """The words that start the server, on loopback alone and without its own pages."""
        where = ["--ip", LOOPBACK, "--port", str(self.port), "--db-filename", str(self.database)]
        # WAL with FULL is twice as fast as the default journal and survives a power cut.
        journal = ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=FULL"]
        how = ["--namespace", self.namespace, "--headless", "--log-level", "warn"]
        return [self.executable, "server", "start-dev", *where, *journal, *how]

    async def keep_histories(self) -> None:
        """Wait until the server answers, and have it keep closed cases for a week, not its usual day."""
        words = ["operator", "namespace", "update", "--namespace", self.namespace, "--retention", RETENTION]
        nowhere = asyncio.subprocess.DEVNULL
        while True:
            update = await asyncio.create_subprocess_exec(
                self.executable, *words, "--address", self.address, stdout=nowhere, stderr=nowhere
            )
            if await update.wait() == 0:
                return
            await asyncio.sleep(PAUSE)


def server(database: Path) -> Server | None:
    """Return the server to start on `database`; None where Temporal's own settings name one.

    Raises:
        CannotStartError: Temporal's own settings cannot be read, or the `temporal` command is missing.
    """
    try:
        profile = ClientConfigProfile.load()
    except (RuntimeError, ValueError) as error:
        message = f"TEMPORAL_PROFILE or its file cannot be used: {error}"
        raise CannotStartError(message) from None
    if profile.address or profile.api_key or profile.tls:
        return None
    return Server(_executable(), database, free_port(), profile.namespace or "default")


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _executable() -> str:
    """Return the path of the `temporal` command, that of this Python's environment first."""
    found = shutil.which("temporal", path=sysconfig.get_path("scripts")) or shutil.which("temporal")
    if found is None:
        message = "TEMPORAL_ADDRESS is missing, and there is no `temporal` command here to start a server with"
        raise CannotStartError(message)
    return found
