"""Settings: read once at an entry point, every fault named at once, and passed down as values."""

import base64
import binascii
import os
import re
import secrets
import tomllib
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import EmailStr, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

SETTINGS_FILE = Path("duly.toml")
ENV_PREFIX = "DULY_"
# The test suite has variables of its own, which are no settings.
TEST_PREFIX = "DULY_TEST_"
KEY_BYTES = 32
TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
SMTP_PORTS = {"none": 25, "starttls": 587, "tls": 465}
DATABASES = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
# What may follow the name of a database, as asyncpg has it: `ssl`, where libpq says `sslmode`.
OF_A_DATABASE = ("host", "port", "ssl", "timeout", "command_timeout", "prepared_statement_cache_size")
# What pydantic says in words of its own.
IN_PLAIN_WORDS = {
    "extra_forbidden": "is no setting of Duly",
    "path_type": "should be a folder, or a list of folders",
    "tuple_type": "should be a list",
}
DEMO_SENDER = "duly@duly.example"
ENTRA, GOOGLE = "login.microsoftonline.com", "accounts.google.com"
OIDC_SET_UP = (
    "set up the school account with DULY_OIDC_ISSUER, DULY_OIDC_CLIENT_ID and DULY_OIDC_CLIENT_SECRET together"
)


class SettingsError(Exception):
    """The settings cannot be used. `lines` says which, and what is wrong with each; never a value.

    Each line begins with the setting as the reader knows it: `DULY_PORT`, or `duly.toml: port`.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(frozen=True)
class Key:
    """A named encryption key of 32 bytes."""

    name: str
    value: bytes = field(repr=False)


def is_loopback(host: str) -> bool:
    """Return whether `host` (an address, or `localhost`) can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_keys(text: str) -> tuple[Key, ...]:
    """Return the keys in `name:base64,name:base64`, in that order: the first encrypts, all decrypt.

    Raises:
        ValueError: a key is malformed, is not 32 bytes long, or its name comes twice. The message
            tells the place of the key in the list, and nothing of the key.
    """
    keys = tuple(_parse_key(part.strip(), place) for place, part in enumerate(text.strip().split(","), 1))
    if len({key.name for key in keys}) < len(keys):
        message = "names the same key twice"
        raise ValueError(message)
    return keys


def _parse_key(part: str, place: int) -> Key:
    name, _, encoded = part.partition(":")
    if not KEY_NAME.fullmatch(name) or not encoded:
        message = f"key {place} should be a short name, a colon and 32 bytes in base64"
        raise ValueError(message)
    try:
        value = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        value = b""
    if len(value) != KEY_BYTES:
        message = f"key {place} should hold {KEY_BYTES} bytes in base64"
        raise ValueError(message)
    return Key(name, value)


def _default_data_dir() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "duly"


def _read_secret(path: Path) -> str:
    """Return what the file at `path` holds, if nobody but its owner can read it.

    Raises:
        ValueError: it cannot be read, or others could read it too.
    """
    try:
        open_to_others = path.stat().st_mode & 0o077
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        message = f"names {path}, which cannot be read"
        raise ValueError(message) from None
    if open_to_others:
        message = f"names {path}, which other users can read or change: chmod 600 it"
        raise ValueError(message)
    return text


class Settings(BaseSettings):
    """What a school decides about its installation. The environment (`DULY_*`) wins over `duly.toml`.

    A field's checks read the fields above it, so every fault is reported under its own setting's name.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        toml_file=SETTINGS_FILE,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    mode: Literal["demo", "live"] = "live"
    data_dir: Path = Field(default_factory=_default_data_dir)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    base_url: str = ""
    database_url: str = Field(default="", repr=False)
    packs: Annotated[tuple[Path, ...], NoDecode] = (Path(__file__).parent / "packs",)
    smtp_host: str | None = None
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_port: int = Field(default=0, ge=0, le=65535)
    smtp_username: str | None = None
    smtp_password_file: Path | None = None
    smtp_password: SecretStr | None = None
    mail_from: EmailStr = DEMO_SENDER
    keys_file: Path | None = None
    keys: SecretStr | None = None
    signing_key_file: Path | None = None
    checkpoints_to: Annotated[tuple[EmailStr, ...], NoDecode] = ()
    oidc_issuer: str | None = None
    oidc_tenant: str | None = None
    oidc_hosted_domain: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret_file: Path | None = None
    oidc_client_secret: SecretStr | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    bad_links_per_minute: int = Field(default=10, ge=1)
    cases_per_hour: int = Field(default=10, ge=1)
    cases_per_day: int = Field(default=200, ge=1)
    mails_a_day: int = Field(default=20, ge=1)
    codes_per_quarter: int = Field(default=3, ge=1)
    codes_per_hour: int = Field(default=10, ge=1)
    codes_alarm: int = Field(default=100, ge=1)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where settings come from, strongest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("data_dir", "smtp_password_file", "keys_file", "signing_key_file", "oidc_client_secret_file")
    @classmethod
    def _whole_path(cls, path: Path | None) -> Path | None:
        try:
            return path.expanduser().absolute() if path else None
        except RuntimeError:
            message = f"names {path}, and there is no such user"
            raise ValueError(message) from None

    @field_validator("host", "metrics_host")
    @classmethod
    def _demo_listens_here(cls, host: str, info: ValidationInfo) -> str:
        return _loopback_in_demo(host, info)

    @field_validator("base_url", mode="before")
    @classmethod
    def _usual_base_url(cls, url: str, info: ValidationInfo) -> str:
        return url or f"http://{_bracketed(info.data.get('host', '127.0.0.1'))}:{info.data.get('port', 8000)}"

    @field_validator("base_url")
    @classmethod
    def _safe_base_url(cls, url: str, info: ValidationInfo) -> str:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not _has_a_port(url):
            message = "names a port that there is not"
            raise ValueError(message)
        if parts.scheme not in {"http", "https"} or not host or parts.path.strip("/") or parts.query:
            message = "should be the site's address without a path, such as https://duly.school.org"
            raise ValueError(message)
        _loopback_in_demo(host, info)
        if parts.scheme == "http" and not is_loopback(host):
            message = "should begin with https://: over http a decision link can be read on its way"
            raise ValueError(message)
        return url.rstrip("/")

    @field_validator("database_url", mode="before")
    @classmethod
    def _usual_database(cls, url: str, info: ValidationInfo) -> str:
        return url or f"{DATABASES[0]}{info.data.get('data_dir', '.')}/duly.sqlite3"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(DATABASES):
            message = f"should begin with {' or '.join(DATABASES)}"
            raise ValueError(message)
        if not _has_a_port(url):
            message = "names a port that there is not"
            raise ValueError(message)
        query = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        if unknown := sorted(query.difference(OF_A_DATABASE)):
            message = f"ends with {unknown[0]}, which the driver does not know: it knows {', '.join(OF_A_DATABASE)}"
            raise ValueError(message)
        return url

    @field_validator("packs", mode="before")
    @classmethod
    def _several_folders(cls, folders: object) -> object:
        return [part for part in folders.split(os.pathsep) if part] if isinstance(folders, str) else folders

    @field_validator("checkpoints_to", mode="before")
    @classmethod
    def _several_addresses(cls, addresses: object) -> object:
        return (
            [part.strip() for part in addresses.split(",") if part.strip()] if isinstance(addresses, str) else addresses
        )

    @field_validator("packs")
    @classmethod
    def _folders_exist(cls, folders: tuple[Path, ...]) -> tuple[Path, ...]:
        for folder in folders:
            if not folder.is_dir():
                message = f"names {folder}, which is no folder"
                raise ValueError(message)
        return tuple(folder.absolute() for folder in folders)

    @field_validator("smtp_host")
    @classmethod
    def _mail_can_leave(cls, host: str | None, info: ValidationInfo) -> str | None:
        if not host and info.data.get("mode") == "live":
            message = "is missing: live mode sends real mail (or set DULY_MODE=demo to try Duly)"
            raise ValueError(message)
        return _loopback_in_demo(host, info) if host else None

    @field_validator("metrics_port")
    @classmethod
    def _a_port_of_its_own(cls, port: int, info: ValidationInfo) -> int:
        if port and port == info.data.get("port"):
            message = "should be another port than DULY_PORT"
            raise ValueError(message)
        return port

    @field_validator("smtp_tls")
    @classmethod
    def _mail_is_sealed(cls, tls: str, info: ValidationInfo) -> str:
        host = info.data.get("smtp_host")
        if tls == "none" and host and not is_loopback(host):
            message = "should be starttls or tls: mail may leave this machine only encrypted"
            raise ValueError(message)
        return tls

    @field_validator("smtp_port")
    @classmethod
    def _usual_smtp_port(cls, port: int, info: ValidationInfo) -> int:
        return port or SMTP_PORTS[info.data.get("smtp_tls", "none")]

    @field_validator("smtp_password", mode="before")
    @classmethod
    def _password_from_file(cls, password: object, info: ValidationInfo) -> object:
        return _text_or_file(password, info.data.get("smtp_password_file"))

    @field_validator("smtp_password")
    @classmethod
    def _password_and_name(cls, password: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (password is None) != (info.data.get("smtp_username") is None):
            message = "and DULY_SMTP_USERNAME should be given together, or neither"
            raise ValueError(message)
        return password

    @field_validator("mail_from")
    @classmethod
    def _real_sender(cls, address: str, info: ValidationInfo) -> str:
        if address == DEMO_SENDER and info.data.get("mode") == "live":
            message = "is missing: live mode needs the address that mail comes from"
            raise ValueError(message)
        return address

    @field_validator("keys", mode="before")
    @classmethod
    def _keys_from_file(cls, keys: object, info: ValidationInfo) -> object:
        keys = _text_or_file(keys, info.data.get("keys_file"))
        if keys is None and info.data.get("mode") == "live":
            message = "is missing: live mode needs an encryption key, here or in DULY_KEYS_FILE"
            raise ValueError(message)
        return keys

    @field_validator("keys")
    @classmethod
    def _keys_hold_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            parse_keys(keys.get_secret_value())
        return keys

    @field_validator("oidc_issuer")
    @classmethod
    def _safe_issuer(cls, issuer: str | None, info: ValidationInfo) -> str | None:
        if issuer is None:
            return None
        parts = urlsplit(issuer)
        host = parts.hostname or ""
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            message = "should be the address of the school's sign-in, beginning with https://"
            raise ValueError(message)
        if not host or parts.query or parts.fragment or issuer.endswith("/.well-known/openid-configuration"):
            message = "should be the issuer itself, such as https://accounts.google.com"
            raise ValueError(message)
        _loopback_in_demo(host, info)
        return issuer

    @field_validator("oidc_tenant")
    @classmethod
    def _one_tenant(cls, tenant: str | None, info: ValidationInfo) -> str | None:
        issuer = info.data.get("oidc_issuer")
        if tenant is not None and "oidc_issuer" in info.data and issuer is None:
            message = f"is given without an issuer: {OIDC_SET_UP}"
            raise ValueError(message)
        if _host_of(issuer) == ENTRA:
            if tenant is None or not TENANT.fullmatch(tenant):
                message = "should be the id of the school's own tenant: Entra signs in people of any school"
                raise ValueError(message)
            if issuer != f"https://{ENTRA}/{tenant}/v2.0":
                message = f"and DULY_OIDC_ISSUER should fit: the issuer is https://{ENTRA}/<the tenant's id>/v2.0"
                raise ValueError(message)
        return tenant

    @field_validator("oidc_hosted_domain")
    @classmethod
    def _one_domain(cls, domain: str | None, info: ValidationInfo) -> str | None:
        issuer = info.data.get("oidc_issuer")
        if domain is not None and "oidc_issuer" in info.data and issuer is None:
            message = f"is given without an issuer: {OIDC_SET_UP}"
            raise ValueError(message)
        if domain is None and _host_of(issuer) == GOOGLE:
            message = "is missing: Google signs in people of any school, so say which domain is this one's"
            raise ValueError(message)
        if domain is not None and info.data.get("oidc_tenant") is not None:
            message = "is for Google, and DULY_OIDC_TENANT for Entra: give one of them"
            raise ValueError(message)
        return domain

    @field_validator("oidc_client_id")
    @classmethod
    def _client_and_issuer(cls, client: str | None, info: ValidationInfo) -> str | None:
        if "oidc_issuer" in info.data and (client is None) != (info.data["oidc_issuer"] is None):
            message = f"{'is missing' if client is None else 'is given without an issuer'}: {OIDC_SET_UP}"
            raise ValueError(message)
        return client

    @field_validator("oidc_client_secret", mode="before")
    @classmethod
    def _client_secret_from_file(cls, secret: object, info: ValidationInfo) -> object:
        return _text_or_file(secret, info.data.get("oidc_client_secret_file"))

    @field_validator("oidc_client_secret")
    @classmethod
    def _secret_and_issuer(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "oidc_issuer" in info.data and (secret is None) != (info.data["oidc_issuer"] is None):
            message = f"{'is missing' if secret is None else 'is given without an issuer'}: {OIDC_SET_UP}"
            raise ValueError(message)
        return secret

    @property
    def key_ring(self) -> tuple[Key, ...]:
        """The keys: the first encrypts, all decrypt. Empty only where no key was made yet (demo mode)."""
        return parse_keys(self.keys.get_secret_value()) if self.keys else ()

    @property
    def demo_keys(self) -> Path:
        """The key file that demo mode makes for itself."""
        return self.data_dir / "keys"

    @property
    def signing_key(self) -> Path:
        """The file of the key that signs checkpoints and evidence; it is made when it is first needed."""
        return self.signing_key_file or self.data_dir / "signing.key"

    @property
    def checkpoints(self) -> Path:
        """The folder in which every checkpoint is a file, to be copied elsewhere."""
        return self.data_dir / "checkpoints"

    @property
    def temporal_db(self) -> Path:
        """The database file of the embedded Temporal server."""
        return self.data_dir / "temporal.sqlite3"

    @property
    def temporal_address(self) -> Path:
        """Where the embedded Temporal server's address stands while it runs."""
        return self.data_dir / "temporal.address"

    @property
    def logs(self) -> Path:
        """The folder in which `duly up` keeps one log for each of its parts."""
        return self.data_dir / "logs"

    @property
    def mailbox(self) -> Path:
        """The folder of the mail that the built-in catcher caught."""
        return self.data_dir / "mailbox"

    @property
    def up_lock(self) -> Path:
        """The file that one running `duly up` holds locked."""
        return self.data_dir / "up.lock"


def load_settings() -> Settings:
    """Return the checked settings, with the data folder made, and demo mode's key.

    Raises:
        SettingsError: something is wrong; it says everything that is.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        lines = [
            _line(fault["loc"][0], IN_PLAIN_WORDS.get(fault["type"], fault["msg"]))
            for fault in error.errors(include_input=False)
        ]
        raise SettingsError(_unknown_variables() + lines) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError([f"{SETTINGS_FILE} cannot be read: {error}"]) from None
    if unknown := _unknown_variables():
        raise SettingsError(unknown)
    _make_private(settings.data_dir)
    return settings if settings.keys else _with_demo_key(settings)


def _loopback_in_demo(host: str, info: ValidationInfo) -> str:
    if info.data.get("mode") == "demo" and not is_loopback(host):
        message = "should be a loopback address such as 127.0.0.1: demo mode stays on this machine"
        raise ValueError(message)
    return host


def _has_a_port(url: str) -> bool:
    """Return whether the port of `url` is one, where it names any."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _host_of(url: str | None) -> str | None:
    return urlsplit(url).hostname if url else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _text_or_file(text: object, path: Path | None) -> object:
    if path is None:
        return text
    if text is not None:
        message = "is given twice: as a value and as a file"
        raise ValueError(message)
    return _read_secret(path)


def _line(name: int | str, message: str) -> str:
    variable = f"{ENV_PREFIX}{name}".upper()
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    where = variable if os.environ.get(variable) or not _in_settings_file(str(name)) else f"{SETTINGS_FILE}: {name}"
    return f"{where} {text[0].lower()}{text[1:]}"


def _in_settings_file(name: str) -> bool:
    return SETTINGS_FILE.is_file() and name in tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8"))


def _unknown_variables() -> list[str]:
    known = {f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields}
    return [
        f"{name} is no setting of Duly"
        for name in sorted(os.environ)
        if name.startswith(ENV_PREFIX) and not name.startswith(TEST_PREFIX) and name not in known
    ]


def _make_private(folder: Path) -> None:
    """Make `folder` for its owner alone; one that exists is closed to others only while it is empty.

    Raises:
        SettingsError: it cannot be made or written, or it is open to others and already in use.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            if any(folder.iterdir()):
                raise SettingsError([f"DULY_DATA_DIR {folder} is open to other users: chmod 700 it"])
            folder.chmod(0o700)
    except OSError as error:
        raise SettingsError([f"DULY_DATA_DIR {folder} cannot be used: {error.strerror}"]) from None
    except ValueError:
        raise SettingsError([f"DULY_DATA_DIR {folder!r} is no name of a folder"]) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError([f"DULY_DATA_DIR {folder} cannot be written"])


def _with_demo_key(settings: Settings) -> Settings:
    path = settings.demo_keys
    try:
        if not path.exists():
            _make_key(path)
        keys = _read_secret(path)
        parse_keys(keys)
    except OSError as error:
        raise SettingsError([f"{path} cannot be made: {error.strerror}"]) from None
    except ValueError as error:
        raise SettingsError([f"DULY_KEYS_FILE {error}"]) from None
    return settings.model_copy(update={"keys": SecretStr(keys)})


def _make_key(path: Path) -> None:
    """Write a new key to `path` at one stroke: of two that try at once, one wins and both read the same."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=0o600)
        draft.write_text(f"demo:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n", encoding="utf-8")
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
