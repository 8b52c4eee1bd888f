"""The files from elsewhere are the ones we recorded, and carry nobody else's identity."""

import hashlib
import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parent.parent / "starter" / "static"
RECORDED = re.findall(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", (STATIC / "VENDORED.md").read_text(), re.MULTILINE)


def test_the_style_sheet_and_the_typeface_are_recorded() -> None:
    vendored = [path for folder in ("govuk", "fonts") for path in (STATIC / folder).iterdir() if path.suffix != ".txt"]
    assert {name for name, _ in RECORDED} == {path.relative_to(STATIC).as_posix() for path in vendored}


@pytest.mark.parametrize(("name", "digest"), RECORDED)
def test_a_vendored_file_is_the_one_recorded(name: str, digest: str) -> None:
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("word", ["GDS Transport", "crest", "crown", "@font-face", "url(", "sourceMappingURL"])
def test_the_vendored_style_sheet_carries_no_government_identity_and_asks_for_no_file(word: str) -> None:
    assert word.lower() not in (STATIC / "govuk" / "govuk-frontend.min.css").read_text().lower()


def test_each_vendored_folder_carries_its_licence() -> None:
    assert "MIT License" in (STATIC / "govuk" / "LICENSE.txt").read_text()
    assert "SIL Open Font License" in (STATIC / "fonts" / "OFL.txt").read_text()
