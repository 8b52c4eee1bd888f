"""The built wheel: one name enters site-packages, and everything Duly shows or reads is inside."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("domain", "store", "packs", "workflows", "activities", "starter", "templates")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    built = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built), str(ROOT)],
        check=True,
        capture_output=True,
    )
    [path] = built.glob("*.whl")
    return path


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_only_duly_enters_site_packages(wheel: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert {name.split("/")[0] for name in names(wheel)} == {"duly", f"duly-{version}.dist-info"}


def test_everything_in_the_house_is_inside(wheel: Path) -> None:
    there = names(wheel)
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    needed = {f"duly/_app/{path.relative_to(ROOT).as_posix()}" for path in files if "__pycache__" not in path.parts} | {
        "duly/_app/settings.py",
        "duly/_app/worker.py",
        "duly/launch.py",
    }
    assert needed - there == set()


def test_an_installed_wheel_finds_its_house_and_nothing_outside_it(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path[:] = [path for path in sys.path if path != {str(ROOT)!r}]\n"
        "from duly.launch import main\n"
        "sys.argv = ['duly', '--help']\n"
        "try: main()\n"
        "finally: import domain; print('HOUSE', domain.__file__)"
    )
    ended = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"HOUSE {tmp_path}/duly/_app/domain/__init__.py" in ended.stdout
