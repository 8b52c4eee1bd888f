"""What `duly doctor` looks at."""

import ctypes
import os
import shutil
import smtplib
import ssl
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from settings import SETTINGS_FILE, Settings
from starter.operating import places
from starter.operating.doctor import Check, Found, ok, warning, wrong
from starter.operating.restore import RESTORED

_SECRETS_OF_THE_FILE: Final = ("smtp_password", "keys", "oidc_client_secret", "database_url")
_FEWEST_DIFFERENT_BYTES: Final = 16
_TOO_LITTLE: Final = 200 << 20
_LITTLE: Final = 2 << 30
_SMTP_WITHIN: Final = 5.0
_CLOCKS_DIFFER: Final = timedelta(seconds=30)
_BACKUP_EVERY: Final = timedelta(days=2)


def all_checks(settings: Settings, now: Callable[[], datetime]) -> list[tuple[str, Check]]:
    """Return the checks of an installation, in the order in which they are said."""
    from starter.operating import checks_of_servers as servers

    return [
        ("settings", partial(check_settings, settings)),
        ("packs", partial(check_packs, settings)),
        ("files", partial(check_files, settings)),
        ("disk", partial(check_disk, settings)),
        ("keys", partial(check_keys, settings)),
        ("database", partial(servers.check_database, settings)),
        ("record", partial(servers.check_record, settings)),
        ("mail", partial(check_mail, settings)),
        ("temporal", partial(servers.check_temporal, settings)),
        ("clock", partial(check_clock, settings, now)),
        ("backup", partial(check_backup, settings, now)),
    ]


def check_settings(settings: Settings) -> list[Found]:
    """Look at what a live school should not have: http, and what demo mode left."""
    found = []
    if settings.mode == "demo":
        found.append(warning("settings", "Demo mode: everybody is invented, and nothing leaves this machine."))
    else:
        if settings.base_url.startswith("http:"):
            found.append(
                warning(
                    "settings", "DULY_BASE_URL begins with http:// and works on this machine only; people need https."
                )
            )
        left = [path.name for path in (settings.demo_keys, settings.mailbox) if path.exists()]
        if left and settings.keys_file != settings.demo_keys:
            found.append(
                warning(
                    "settings",
                    f"DULY_DATA_DIR holds what demo mode left ({', '.join(left)}), and so perhaps invented people:"
                    " use a folder of its own.",
                )
            )
    return found or [ok("settings", "They fit together.")]


def check_packs(settings: Settings) -> list[Found]:
    """Look whether the policy packs can be used."""
    import packs

    try:
        loaded = packs.load_all(settings.packs)
    except packs.PackError as error:
        faults = str(error).splitlines()
        return [wrong("packs", f"{faults[0]} (`duly packs check` says all that is wrong).")]
    if not loaded:
        return [wrong("packs", "DULY_PACKS holds no policy pack.")]
    return [ok("packs", f"They can be used: {', '.join(sorted(loaded))}.")]


def check_files(settings: Settings) -> list[Found]:
    """Look whether anybody else on this machine can read what is kept, and whether all of it is ours."""
    found = []
    there = [settings.data_dir, *settings.data_dir.rglob("*")]
    open_to_others, of_others = [], []
    for path in there:
        # What is gone by now was a journal.
        with suppress(FileNotFoundError):
            about = path.lstat()
            if about.st_mode & 0o077 and not path.is_symlink():
                open_to_others.append(path)
            if about.st_uid != os.geteuid():
                of_others.append(path)
    if open_to_others:
        found.append(wrong("files", f"{open_to_others[0]} is open to other users: chmod -R go= {settings.data_dir}"))
    if of_others:
        found.append(
            warning(
                "files", f"{of_others[0]} is another user's: run commands as the user that runs Duly, and chown it."
            )
        )
    if _file_with_secrets() and SETTINGS_FILE.stat().st_mode & 0o077:
        found.append(wrong("files", f"{SETTINGS_FILE} holds a secret, and is open to other users: chmod 600 it."))
    beside = [
        path
        for path in places.secrets(settings)
        if path != settings.demo_keys and path.exists() and settings.data_dir in path.parents
    ]
    if beside and settings.mode == "live":
        found.append(
            warning(
                "files", f"{beside[0]} lies with the data: whoever copies the folder has it too. Move it elsewhere."
            )
        )
    return found or [ok("files", f"{settings.data_dir} and all in it is closed to other users.")]


def check_disk(settings: Settings) -> list[Found]:
    """Look whether there is room for what is to come."""
    free = shutil.disk_usage(settings.data_dir).free
    says = f"{free / (1 << 30):.1f} GB are free where {settings.data_dir} is"
    if free < _TOO_LITTLE:
        return [wrong("disk", f"{says}: nothing can be recorded on a full disk. Make room now.")]
    if free < _LITTLE:
        return [warning("disk", f"{says}: make room.")]
    return [ok("disk", f"{says}.")]


def check_keys(settings: Settings) -> list[Found]:
    """Look whether the keys look as if a machine had drawn them."""
    weak = [
        key.name for key in settings.key_ring if len(set(key.value)) < _FEWEST_DIFFERENT_BYTES or key.value.isascii()
    ]
    if weak:
        return [
            wrong(
                "keys",
                f"The key {weak[0]} was not drawn by chance: put a new one in front of DULY_KEYS, made by"
                " `openssl rand -base64 32`.",
            )
        ]
    if settings.checkpoints.exists() and not settings.signing_key.exists():
        return [
            wrong(
                "keys",
                f"{settings.signing_key} is missing, with which earlier checkpoints were signed: put it back before you"
                " start Duly, which would make another.",
            )
        ]
    return [ok("keys", f"The key {settings.key_ring[0].name} seals what is new.")]


def check_mail(settings: Settings) -> list[Found]:
    """Look whether the mail server answers, proves who it is, and takes our name; no mail is sent."""
    host = settings.smtp_host
    if host is None:
        return [ok("mail", "The mailbox of demo mode catches all of it.")]
    where = f"{host}:{settings.smtp_port}"
    tls = ssl.create_default_context()
    try:
        with _smtp(settings, host, tls) as server:
            server.ehlo()
            if settings.smtp_tls == "starttls":
                server.starttls(context=tls)
                server.ehlo()
            if settings.smtp_username is not None and settings.smtp_password is not None:
                server.login(settings.smtp_username, settings.smtp_password.get_secret_value())
    except smtplib.SMTPAuthenticationError:
        return [wrong("mail", f"{where} refuses DULY_SMTP_USERNAME with its password.")]
    except ssl.SSLCertVerificationError:
        return [wrong("mail", f"{where} shows a certificate that is not for {host}, or that nobody here trusts.")]
    except smtplib.SMTPServerDisconnected:
        return [
            wrong("mail", f"{where} hangs up, or does not answer: is it a mail server, and is DULY_SMTP_TLS right?")
        ]
    except smtplib.SMTPException as error:
        return [
            wrong("mail", f"{where} does not speak as DULY_SMTP_TLS={settings.smtp_tls} asks ({type(error).__name__}).")
        ]
    except OSError as error:
        return [wrong("mail", f"{where} cannot be reached ({_why(error)}): look at DULY_SMTP_HOST and DULY_SMTP_PORT.")]
    signed_in = f", and knows {settings.smtp_username}" if settings.smtp_username else ""
    return [ok("mail", f"{where} answers{signed_in}.")]


def check_clock(settings: Settings, now: Callable[[], datetime]) -> list[Found]:
    """Look whether this machine's clock is kept right, and agrees with the record and with PostgreSQL."""
    from starter.operating import checks_of_servers as servers

    found = []
    if _is_unsynchronised():
        found.append(
            warning(
                "clock", "Nothing keeps this machine's clock right: links expire and deadlines pass by it. Set up NTP."
            )
        )
    latest, other = servers.times(settings)
    if latest is not None and latest > now() + _CLOCKS_DIFFER:
        found.append(wrong("clock", "The record has what this clock calls the future: the clock was set back."))
    if other is not None and abs(other - now()) > _CLOCKS_DIFFER:
        found.append(wrong("clock", "This machine's clock and that of PostgreSQL differ by more than half a minute."))
    return found or [ok("clock", "Nothing contradicts it.")]


def check_backup(settings: Settings, now: Callable[[], datetime]) -> list[Found]:
    """Look whether there is a backup of late."""
    at = places.backed_up_at(settings)
    if settings.mode == "demo" or (at is None and (settings.data_dir / RESTORED).exists()):
        return []
    if at is None:
        return [warning("backup", "There was none yet: run `duly backup FOLDER` every night.")]
    age = now() - at
    if age > _BACKUP_EVERY:
        return [warning("backup", f"The last one is {age.days} days old: run `duly backup FOLDER` every night.")]
    return [ok("backup", f"The last one was made at {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.")]


def _file_with_secrets() -> bool:
    import tomllib

    try:
        said = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8"))
    except OSError:
        return False
    return any(name in said for name in _SECRETS_OF_THE_FILE)


def _smtp(settings: Settings, host: str, tls: ssl.SSLContext) -> smtplib.SMTP:
    if settings.smtp_tls == "tls":
        return smtplib.SMTP_SSL(host, settings.smtp_port, timeout=_SMTP_WITHIN, context=tls)
    return smtplib.SMTP(host, settings.smtp_port, timeout=_SMTP_WITHIN)


def _why(error: OSError) -> str:
    return "no answer" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__


class _Timex(ctypes.Structure):
    """What Linux says of its clock, as far as it is wanted; the rest is room for it."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 400))


_TIME_ERROR: Final = 5


def _is_unsynchronised() -> bool:
    """Return whether the kernel says that nothing keeps its clock right; elsewhere than on Linux nobody says."""
    if sys.platform != "linux":
        return False
    with suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None).adjtimex(ctypes.byref(_Timex())) == _TIME_ERROR)
    return False
