"""Settings: what is refused, how it is said, and what is never said."""

import base64
import os
import stat
from pathlib import Path

import pytest

from settings import SettingsError, load_settings, parse_keys

KEY = base64.b64encode(bytes(range(32))).decode()
LIVE = {
    "DULY_SMTP_HOST": "smtp.school.example",
    "DULY_SMTP_TLS": "starttls",
    "DULY_MAIL_FROM": "duly@school.example",
    "DULY_BASE_URL": "https://duly.school.example",
    "DULY_KEYS": f"k2:{KEY},k1:{KEY}",
}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand in an empty folder, with no setting given but a data folder."""
    for name in [name for name in os.environ if name.startswith("DULY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DULY_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def refused() -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.lines


def test_demo_mode_needs_no_setting_and_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given(monkeypatch, DULY_MODE="demo")
    settings = load_settings()
    assert settings.host == "127.0.0.1"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/data/duly.sqlite3"
    assert all((folder / "__init__.py").exists() for folder in settings.packs)


def test_demo_mode_makes_one_key_for_its_owner_alone_and_finds_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DULY_MODE="demo")
    first = load_settings()
    assert load_settings().key_ring == first.key_ring
    assert stat.S_IMODE(first.demo_keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.data_dir.stat().st_mode) == 0o700


def test_live_mode_names_everything_that_it_misses() -> None:
    assert [line.split()[0] for line in refused()] == ["DULY_SMTP_HOST", "DULY_MAIL_FROM", "DULY_KEYS"]


def test_live_mode_starts_with_a_mail_server_a_sender_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **LIVE)
    settings = load_settings()
    assert settings.smtp_port == 587
    assert [key.name for key in settings.key_ring] == ["k2", "k1"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DULY_MODE", "production", "'demo' or 'live'"),
        ("DULY_PORT", "99999", "less than or equal to 65535"),
        ("DULY_PORT", "eighty", "valid integer"),
        ("DULY_BASE_URL", "http://duly.school.example", "https://"),
        ("DULY_BASE_URL", "duly.school.example", "the site's address"),
        ("DULY_BASE_URL", "https://school.example/duly", "without a path"),
        ("DULY_BASE_URL", "https://duly.school.example:port", "a port that there is not"),
        ("DULY_DATA_DIR", "~nobody-of-that-name/duly", "no such user"),
        ("DULY_DATABASE_URL", "mysql://duly:hunter2@db/duly", "sqlite+aiosqlite:///"),
        ("DULY_DATABASE_URL", "postgresql+asyncpg://duly:hunter2@db:99999/duly", "a port that there is not"),
        ("DULY_DATABASE_URL", "postgresql+asyncpg://duly:hunter2@db/duly?sslmode=require", "it knows host, port, ssl"),
        ("DULY_METRICS_PORT", "8000", "another port than DULY_PORT"),
        ("DULY_SMTP_HOST", "", "is missing"),
        ("DULY_PACKS", "/nowhere/at/all", "no folder"),
        ("DULY_SMTP_TLS", "none", "starttls or tls"),
        ("DULY_SMTP_TLS", "ssl", "'none', 'starttls' or 'tls'"),
        ("DULY_SMTP_PASSWORD", "hunter2", "DULY_SMTP_USERNAME"),
        ("DULY_SMTP_PASSWORD_FILE", "/nowhere/at/all", "cannot be read"),
        ("DULY_MAIL_FROM", "the office", "valid email address"),
        ("DULY_KEYS", "k1:c2hvcnQ=", "32 bytes"),
        ("DULY_KEYS", KEY, "a short name, a colon"),
        ("DULY_KEYS", f"k1:{KEY},k1:{KEY}", "same key twice"),
        ("DULY_SMPT_HOST", "smtp.school.example", "no setting of Duly"),
    ],
)
def test_a_faulty_setting_is_named_in_one_line_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    given(monkeypatch, **LIVE, **{name: value} if name not in LIVE else {})
    monkeypatch.setenv(name, value)
    [line] = refused()
    assert line.startswith(name.removesuffix("_FILE"))
    assert said in line
    assert "hunter2" not in line
    assert KEY not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DULY_HOST", "0.0.0.0"),  # noqa: S104 - what is refused
        ("DULY_BASE_URL", "https://duly.school.example"),
        ("DULY_SMTP_HOST", "smtp.school.example"),
    ],
)
def test_demo_mode_refuses_to_leave_this_machine(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    given(monkeypatch, DULY_MODE="demo", DULY_SMTP_TLS="tls", **{name: value})
    [line] = refused()
    assert line.startswith(name)
    assert "demo mode stays on this machine" in line


def test_a_fault_in_the_file_is_said_of_the_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DULY_MODE="demo")
    (elsewhere / "duly.toml").write_text('port = "eighty"\ncolour = "green"\n')
    assert [line.split(" ")[:2] for line in refused()] == [["duly.toml:", "port"], ["duly.toml:", "colour"]]
    assert refused()[1].endswith("is no setting of Duly")


def test_a_file_that_is_not_toml_is_said_to_be_unreadable(elsewhere: Path) -> None:
    (elsewhere / "duly.toml").write_text("port: 80\n")
    [line] = refused()
    assert line.startswith("duly.toml cannot be read")


def test_the_environment_wins_over_the_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "duly.toml").write_text('mode = "demo"\nport = 8001\n')
    assert load_settings().port == 8001
    given(monkeypatch, DULY_PORT="8002")
    assert load_settings().port == 8002


def test_a_secret_may_lie_in_a_file_that_only_its_owner_can_read(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = elsewhere / "password"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    given(monkeypatch, **LIVE, DULY_SMTP_USERNAME="duly", DULY_SMTP_PASSWORD_FILE=str(secret))
    password = load_settings().smtp_password
    assert password is not None
    assert password.get_secret_value() == "hunter2"
    secret.chmod(0o640)
    [line] = refused()
    assert "chmod 600" in line


def test_no_secret_is_in_what_the_settings_print_of_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    database = "postgresql+asyncpg://duly:hunter2@db/duly"
    given(monkeypatch, **LIVE, DULY_SMTP_USERNAME="duly", DULY_SMTP_PASSWORD="hunter2", DULY_DATABASE_URL=database)
    settings = load_settings()
    said = f"{settings!r} {settings} {settings.key_ring!r}"
    assert "hunter2" not in said
    assert KEY not in said


def test_a_data_folder_in_use_and_open_to_others_is_refused(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DULY_MODE="demo")
    data = elsewhere / "data"
    data.mkdir(mode=0o755)
    (data / "theirs").touch()
    [line] = refused()
    assert line.startswith("DULY_DATA_DIR")
    assert stat.S_IMODE(data.stat().st_mode) == 0o755


def test_a_data_folder_that_is_a_file_is_refused(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DULY_MODE="demo")
    (elsewhere / "data").touch()
    [line] = refused()
    assert line.startswith("DULY_DATA_DIR")


def test_keys_come_in_the_order_given() -> None:
    assert [key.name for key in parse_keys(f" new:{KEY} , old:{KEY}\n")] == ["new", "old"]


TENANT = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
CLIENT = {"DULY_OIDC_CLIENT_ID": "duly", "DULY_OIDC_CLIENT_SECRET": "hunter2"}
ENTRA = {"DULY_OIDC_ISSUER": f"https://login.microsoftonline.com/{TENANT}/v2.0", "DULY_OIDC_TENANT": TENANT, **CLIENT}
GOOGLE = {
    "DULY_OIDC_ISSUER": "https://accounts.google.com",
    "DULY_OIDC_HOSTED_DOMAIN": "school.example",
    **CLIENT,
}
OTHER = {"DULY_OIDC_ISSUER": "https://sign-in.school.example/realms/staff", **CLIENT}


@pytest.mark.parametrize("account", [ENTRA, GOOGLE, OTHER, {}])
def test_a_school_account_is_set_up_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, account: dict[str, str]
) -> None:
    given(monkeypatch, **LIVE, **account)
    settings = load_settings()
    assert settings.oidc_issuer == account.get("DULY_OIDC_ISSUER")
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("account", "changed", "named", "said"),
    [
        (ENTRA, {"DULY_OIDC_TENANT": ""}, "DULY_OIDC_TENANT", "the school's own tenant"),
        (ENTRA, {"DULY_OIDC_TENANT": "common"}, "DULY_OIDC_TENANT", "the school's own tenant"),
        (ENTRA, {"DULY_OIDC_TENANT": TENANT.replace("1", "2")}, "DULY_OIDC_TENANT", "/v2.0"),
        (ENTRA, {"DULY_OIDC_ISSUER": "https://login.microsoftonline.com/common/v2.0"}, "DULY_OIDC_TENANT", "fit"),
        (ENTRA, {"DULY_OIDC_HOSTED_DOMAIN": "school.example"}, "DULY_OIDC_HOSTED_DOMAIN", "give one"),
        (ENTRA, {"DULY_OIDC_CLIENT_ID": ""}, "DULY_OIDC_CLIENT_ID", "is missing"),
        (ENTRA, {"DULY_OIDC_CLIENT_SECRET": ""}, "DULY_OIDC_CLIENT_SECRET", "is missing"),
        (GOOGLE, {"DULY_OIDC_HOSTED_DOMAIN": ""}, "DULY_OIDC_HOSTED_DOMAIN", "which domain"),
        (OTHER, {"DULY_OIDC_ISSUER": "http://sign-in.school.example"}, "DULY_OIDC_ISSUER", "https://"),
        (OTHER, {"DULY_OIDC_ISSUER": "sign-in.school.example"}, "DULY_OIDC_ISSUER", "https://"),
        (OTHER, {"DULY_OIDC_ISSUER": "https://a.example/?x=1"}, "DULY_OIDC_ISSUER", "the issuer itself"),
        (
            OTHER,
            {"DULY_OIDC_ISSUER": "https://a.example/.well-known/openid-configuration"},
            "DULY_OIDC_ISSUER",
            "the issuer itself",
        ),
        ({}, {"DULY_OIDC_CLIENT_ID": "duly"}, "DULY_OIDC_CLIENT_ID", "without an issuer"),
        ({}, {"DULY_OIDC_CLIENT_SECRET": "hunter2"}, "DULY_OIDC_CLIENT_SECRET", "without an issuer"),
        ({}, {"DULY_OIDC_TENANT": TENANT}, "DULY_OIDC_TENANT", "without an issuer"),
        ({}, {"DULY_OIDC_HOSTED_DOMAIN": "a.example"}, "DULY_OIDC_HOSTED_DOMAIN", "without an issuer"),
        (OTHER, {"DULY_OIDC_CLIENT_SECRET_FILE": "/nowhere"}, "DULY_OIDC_CLIENT_SECRET", "given twice"),
    ],
)
def test_half_a_school_account_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, account: dict[str, str], changed: dict[str, str], named: str, said: str
) -> None:
    given(monkeypatch, **LIVE, **{**account, **changed})
    [line] = refused()
    assert line.split()[0] == named
    assert said in line
    assert "hunter2" not in line


def test_in_demo_mode_a_school_account_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, DULY_MODE="demo", **OTHER)
    [line] = refused()
    assert line.startswith("DULY_OIDC_ISSUER")
    monkeypatch.setenv("DULY_OIDC_ISSUER", "http://127.0.0.1:9400")
    assert load_settings().oidc_issuer == "http://127.0.0.1:9400"
