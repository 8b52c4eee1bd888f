"""Where Duly keeps what operating it takes to know."""

from datetime import datetime
from pathlib import Path

from temporalio.envconfig import ClientConfigProfile

from settings import Settings


def secrets(settings: Settings) -> list[Path]:
    """Return the files with secrets that the settings name, and those that Duly makes for itself."""
    named = (settings.keys_file, settings.smtp_password_file, settings.oidc_client_secret_file)
    return [*(path for path in named if path is not None), settings.demo_keys, settings.signing_key]


def names_a_temporal() -> bool:
    """Return whether Temporal's own settings name a server, so that Duly starts none.

    Raises:
        RuntimeError: they cannot be read.
        ValueError: the same.
    """
    profile = ClientConfigProfile.load()
    return bool(profile.address or profile.api_key or profile.tls)


def backed_up_at(settings: Settings) -> datetime | None:
    """Return when the last backup was finished; None where there was none, or its note cannot be read."""
    try:
        return datetime.fromisoformat(_note(settings).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None


def note_backup(settings: Settings, at: datetime) -> None:
    """Note that a backup was finished `at`."""
    _note(settings).write_text(f"{at.isoformat()}\n", encoding="utf-8")


def _note(settings: Settings) -> Path:
    return settings.data_dir / "backup.last"
