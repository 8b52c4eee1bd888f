"""What is in deploy/ fits this version: settings that there are, commands that there are, files that are explained."""

import re
from pathlib import Path

import typer

from duly.launch import command
from settings import Settings

DEPLOY = Path(__file__).parents[1] / "deploy"
FILES = {path.name: path.read_text(encoding="utf-8") for path in DEPLOY.iterdir() if path.is_file()}


def test_every_setting_is_one() -> None:
    known = {f"DULY_{name}".upper() for name in Settings.model_fields}
    named = {name for text in FILES.values() for name in re.findall(r"\bDULY_[A-Z_]+[A-Z]\b", text)}
    assert named - known - {"DULY_SMTP"} == set()


def test_every_command_is_one() -> None:
    known = set(typer.main.get_group(command()).commands)
    units = [text for name, text in FILES.items() if name.endswith(".service")]
    assert {
        word for text in units for word in re.findall(r"^ExecStart=/opt/duly/bin/duly (\w+)", text, re.MULTILINE)
    } <= known


def test_every_file_is_explained() -> None:
    assert set(FILES) - {"README.md"} == set(re.findall(r"`([\w.-]+\.\w+|Dockerfile)`", FILES["README.md"])) & set(
        FILES
    )


def test_no_service_has_rights_that_it_does_not_need() -> None:
    for name, text in FILES.items():
        if name.endswith(".service"):
            for line in (
                "NoNewPrivileges=yes",
                "CapabilityBoundingSet=",
                "ProtectSystem=strict",
                "UMask=0077",
                "User=duly",
            ):
                assert f"\n{line}\n" in text, (name, line)
