"""The product spread out: PostgreSQL, Chroma's server, two servers and two workers decide as one process does."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from agent.bootstrap import memory_of, opened_checkpoints, opened_services, rulebook_of, utc_now
from agent.cycle import run_cycle
from agent.entrypoints.web.keeper import Keeper
from agent.entrypoints.web.parcels import Parcel
from agent.settings import load_settings
from agent.steps.monitor import sweep
from library.store.stores import open_library
from tests import scaled
from tests.journeys import world

pytestmark = pytest.mark.postgres

SECRET = "pk_" + "s" * 40
BATCH = 100
RULES = """
harvest: {max_items: 220, max_earlier_items: 60}
teacher: {failing_examples: 30, passing_examples: 20}
search: {strategies: [surgical, clarify, examples], max_rounds: 3, patience: 1, select_items: 80, gate_items: 160}
"""


def bodies():
    """The traffic as production would send it."""
    traces, scores = world.traffic(world.Content(text=world.PROMPT))
    rows = [
        {
            "id": trace.id,
            "ts": trace.ts.isoformat(),
            "prompt": trace.prompt,
            "version": 1,
            "inputs": trace.inputs,
            "output": trace.output,
            "expected": trace.expected,
            "segment": trace.segment,
            "model": trace.model,
            "scores": {score.name: {"value": score.value, "evaluator": score.evaluator, "ts": score.ts.isoformat()}},
        }
        for trace, score in zip(traces, scores, strict=True)
    ]
    return [json.dumps(rows[at : at + BATCH]).encode() for at in range(0, len(rows), BATCH)]


def ask(server, method, path, body=None):
    """The answer of a server as JSON; the test fails on any status from 400 up."""
    connection = http.client.HTTPConnection(server.said["listening"].removeprefix("http://"), timeout=60)
    said = json.dumps(body).encode() if isinstance(body, dict) else body
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}
    connection.request(
        method, f"/api/v1{path}", said, headers if said is not None else headers | {"Content-Length": "0"}
    )
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status < 400, text
    return json.loads(text)


def last_of(server):
    return " ".join(one["said"] for one in ask(server, "GET", "/background")["last"])


@pytest.fixture
def spread(tmp_path):
    """Two servers and two workers around an empty library with one prompt; the schedule is paused."""
    with (
        scaled.provider() as provider,
        scaled.chroma(tmp_path / "chroma") as memory,
        scaled.site(
            tmp_path / "project",
            f'[memory]\nurl = "{memory}"\n[schedule]\nevery = "1s"\n[worker]\nheartbeat_s = 2.0\n'
            + scaled.models(provider.url),
            rules=RULES,
        ) as site,
    ):
        world.add_prompt(site.library)
        site.library.datasets.add(world.golden())
        site.library.switches.turn("schedule", on=False, by="rita", now=utc_now())
        site.library.access.create_token(
            SECRET, name="rita", role="admin", agent=False, by="rita", now=utc_now(), expires_at=None
        )
        starts = [site.server, site.server, site.worker, site.worker]
        with ThreadPoolExecutor(4) as pool:
            programs = list(pool.map(lambda start: start(), starts))
        yield SimpleNamespace(site=site, servers=programs[:2], workers=programs[2:], provider=provider)


async def embedded(folder, provider, sent, seed):
    """The same on SQLite in this one process: the run and its proposal."""
    folder.mkdir()
    (folder / "promptkeeper.toml").write_text(scaled.models(provider.url), encoding="utf-8")
    (folder / "policies").mkdir()
    (folder / "policies" / "rulebook.yaml").write_text(RULES, encoding="utf-8")
    settings = load_settings(folder, {})
    library = open_library(settings.library_url)
    world.add_prompt(library)
    library.datasets.add(world.golden())
    keeper = Keeper(library, utc_now)
    assert {t.status for t in keeper.keep([Parcel(kind="traces", body=b, trusted=True) for b in sent])} == {200}
    sweep(library, rulebook_of(settings).health, now=utc_now())
    async with opened_services(settings, library) as services, opened_checkpoints(settings) as checkpoints:
        run = await run_cycle(services, checkpoints, world.NAME, "incident", seed=seed)
    proposals = library.proposals.list()
    library.db.close()
    return run, proposals


async def test_many_processes_decide_as_one_does_and_outlive_their_scheduler(spread, tmp_path):
    site, (one, two), sent = spread.site, spread.servers, bodies()
    for number, body in enumerate(sent):
        assert ask((one, two)[number % 2], "POST", "/traces", body)["new"] == BATCH
    standing_by = scaled.until(lambda: [s for s in (one, two) if "stands by" in last_of(s)], "one standing by")
    assert len(standing_by) == 1

    # A person's push is heard by the one that stands by, too.
    ask(standing_by[0], "POST", "/background/run")
    (run,) = scaled.until(lambda: [r for r in site.library.runs.list() if r.state != "running"], "the end of a cycle")
    assert (run.trigger, run.stop_reason) == ("incident", "proposed")
    (waiting,) = ask(one, "GET", "/proposals")
    twin, proposals = await embedded(tmp_path / "embedded", spread.provider, sent, run.seed)
    assert (twin.path, twin.stop_reason, twin.stop_detail) == (run.path, run.stop_reason, run.stop_detail)
    assert [p.content_hash for p in proposals] == [waiting["content_hash"]]

    ask(two, "POST", f"/proposals/{waiting['id']}/approve", {"content_hash": waiting["content_hash"]})
    assert [ask(server, "GET", f"/prompts/{world.NAME}")["version"] for server in (one, two)] == [2, 2]
    assert [i.state for i in site.library.incidents.list()] == ["resolved"]
    with memory_of(site.settings)() as memory:
        assert memory.count() > 0

    assert ask(one, "POST", f"/prompts/{world.NAME}/cycles", {})["started"]
    later = scaled.until(lambda: [r for r in site.library.runs.list() if r.id != run.id and r.state != "running"])
    assert [r.stop_reason for r in later] == ["healthy"]

    leader = one if standing_by == [two] else two
    leader.kill()
    ask(standing_by[0], "POST", "/background/resume")
    scaled.until(lambda: "series with new scores" in last_of(standing_by[0]), "the other one's lead")
    assert site.library.audit.verify().ok
