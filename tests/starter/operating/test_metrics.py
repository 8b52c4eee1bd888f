"""The metrics are what Prometheus reads, and the dashboard and the alerts ask for nothing else."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from settings import Settings
from starter.operating import VERSION, metrics, places
from starter.operating.metrics import ALARM, FAMILIES, NOBODY, OPEN, STUCK, UP, Metrics, exposition
from store import sessions
from store.database import Database
from store.migrate import upgrade

DEPLOY = Path(__file__).parents[3] / "deploy"
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?[\d.e+-]+)')
"""A line with a value, by the grammar of the text format."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings of a demo in a folder of its own, whose Temporal does not answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    keys = SecretStr("k1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY=")
    made = Settings(mode="demo", data_dir=tmp_path, keys=keys)
    upgrade(made.database_url)
    return made


def samples(text: str) -> dict[str, float]:
    """Return the values of an exposition by what they are of; every line has to be one that Prometheus reads."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            read = SAMPLE.fullmatch(line)
            assert read, line
            found[line.rpartition(" ")[0]] = float(read[3])
    return found


def test_a_label_says_what_it_says_whatever_is_in_it() -> None:
    text = exposition({OPEN: {("elms", 'a "b"\\', "c\nd", "1 to 7 days"): 3}, STUCK: {(): 0}})
    assert samples(text) == {
        'duly_cases_open{organisation="elms",process="a \\"b\\"\\\\",school="c\\nd",age="1 to 7 days"}': 3,
        "duly_stuck": 0,
    }


def test_every_metric_is_named_even_where_nothing_is_counted() -> None:
    assert re.findall(r"^# TYPE (\w+) gauge$", exposition({}), re.MULTILINE) == [family.name for family in FAMILIES]


async def test_of_what_does_not_answer_there_is_no_number_but_that_it_is_down(settings: Settings) -> None:
    found = await Metrics(settings, lambda: NOW).take()
    assert found[UP] == {("database",): 1, ("temporal",): 0}
    assert STUCK not in found
    assert found[NOBODY] == {}
    (settings.data_dir / "duly.sqlite3").write_bytes(b"no database" * 100)
    found = await Metrics(settings, lambda: NOW).take()
    assert found[UP] == {("database",): 0, ("temporal",): 0}
    assert NOBODY not in found


async def test_far_more_sign_in_codes_than_usual_within_an_hour_are_an_alarm(settings: Settings) -> None:
    db = Database(settings.database_url)
    async with db.write() as session:
        for n in range(3):
            address, at = f"n{n}@elms.example", NOW - timedelta(minutes=20 * n)
            await sessions.ask_code(session, address=address, person=None, browser_digest=f"b{n}", at=at, most=3)
    await db.close()
    few = settings.model_copy(update={"codes_alarm": 3})
    assert (await Metrics(few, lambda: NOW).take())[ALARM] == {(): 1}
    assert (await Metrics(few, lambda: NOW + timedelta(minutes=20)).take())[ALARM] == {(): 0}
    assert (await Metrics(settings, lambda: NOW).take())[ALARM] == {(): 0}


def test_they_are_served_on_a_port_of_their_own(settings: Settings) -> None:
    places.note_backup(settings, NOW)
    server = metrics.serve(Metrics(settings, lambda: NOW), "127.0.0.1", 0)
    try:
        answer = httpx2.get(f"http://127.0.0.1:{server.server_address[1]}/metrics", timeout=20)
        assert answer.headers["Content-Type"] == metrics.CONTENT_TYPE
        found = samples(answer.text)
        assert found[f'duly_build_info{{version="{VERSION}"}}'] == 1
        assert found["duly_backup_timestamp_seconds"] == NOW.timestamp()
        assert httpx2.get(f"http://127.0.0.1:{server.server_address[1]}/", timeout=20).status_code == 404
    finally:
        server.shutdown()
        server.server_close()


def _asked(expressions: list[str]) -> set[str]:
    """Return the metrics that expressions of Prometheus name."""
    return {name for said in expressions for name in re.findall(r"\bduly_\w+", said)}


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = _asked([target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())])
    assert asked == {family.name for family in FAMILIES}
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            [named] = [family for family in FAMILIES if family.name in _asked([target["expr"]])]
            assert wanted <= set(named.labels)


def test_the_alerts_ask_for_metrics_that_there_are() -> None:
    rules = (DEPLOY / "prometheus-alerts.yml").read_text(encoding="utf-8")
    expressions = re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE)
    assert len(expressions) == rules.count("- alert:")
    assert _asked(expressions) <= {family.name for family in FAMILIES}
