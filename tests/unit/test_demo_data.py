"""The shipped demo data: what the generator writes, in the shape the demo promises, with a drift to be found."""

import importlib.util
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tools.embedded.student import answer

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "agent" / "entrypoints" / "cli" / "demo_data"
FIRST_LATE_DAY = "2026-03-14"
DRIFTING = {"delivery", "payments"}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SHIPPED / name).read_text(encoding="utf-8").splitlines()]


def texts(name: str) -> set[str]:
    return {row["inputs"]["message"].casefold() for row in rows(name)}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_data", ROOT / "examples" / "demo" / "make_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def share_right(asked: list[dict[str, Any]]) -> float:
    prompt = (SHIPPED / "prompt.md").read_text(encoding="utf-8")
    rendered = [prompt.replace("{{message}}", row["inputs"]["message"]) for row in asked]
    answers = [answer([{"role": "user", "content": text}]) for text in rendered]
    return sum(said == row["expected"] for said, row in zip(answers, asked, strict=True)) / len(asked)


def test_the_shipped_files_are_what_the_generator_writes(generator: ModuleType) -> None:
    written = generator.demo_files(generator.SEED)
    assert {path.name for path in SHIPPED.iterdir()} == set(written)
    for name, content in written.items():
        assert (SHIPPED / name).read_text(encoding="utf-8") == content, f"{name} is stale: run make_data.py"
    assert generator.demo_files(generator.SEED + 1)["stream.jsonl"] != written["stream.jsonl"]
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 700_000


def test_there_are_many_wordings_of_everything(generator: ModuleType) -> None:
    queues, _ = generator.load_templates()
    assert len(queues) == 8
    everything = [wording for queue in queues for kind in ("early", "late") for wording in queue.wordings[kind]]
    assert all(isinstance(wording, str) for wording in everything)
    assert len(everything) == len(set(everything))
    assert all(len(queue.wordings["early"]) >= 25 for queue in queues)
    late = Counter(dict.fromkeys(("delivery", "payments", "account"), 0))
    for queue in queues:
        late[queue.segment] += len(queue.wordings["late"])
    assert late["account"] == 0
    assert min(late["delivery"], late["payments"]) >= 20


def test_the_prompt_names_every_queue_and_keeps_its_rules() -> None:
    prompt = (SHIPPED / "prompt.md").read_text(encoding="utf-8")
    assert prompt.count("{{message}}") == 1
    for queue in {row["expected"] for row in rows("stream.jsonl")}:
        assert f"\n- {queue}: " in prompt
    assert "answer urgent_human and nothing else" in prompt
    assert "Answer with the queue name only." in prompt
    assert not [word for word in ("locker", "drone", "chilled", "instalment", "credit", "kiosk") if word in prompt]


def test_the_stream_is_three_weeks_in_order() -> None:
    stream = rows("stream.jsonl")
    assert 2900 <= len(stream) <= 3100
    assert all(set(row) == {"id", "ts", "inputs", "expected", "segment"} for row in stream)
    assert len({row["id"] for row in stream}) == len(stream)
    moments = [datetime.fromisoformat(row["ts"]) for row in stream]
    assert moments == sorted(moments)
    assert len({moment.date() for moment in moments}) == 21
    assert {row["segment"] for row in stream} == DRIFTING | {"account"}
    assert len({row["expected"] for row in stream}) == 8


def test_test_sets_are_balanced_and_never_part_of_the_stream() -> None:
    golden, heldout = rows("golden.jsonl"), rows("heldout.jsonl")
    assert set(Counter(row["expected"] for row in golden).values()) == {15}
    assert set(Counter(row["expected"] for row in heldout).values()) == {50}
    assert Counter(row["kind"] for row in heldout) == {"early": 250, "late": 150}
    assert {row["segment"] for row in heldout if row["kind"] == "late"} == DRIFTING
    sets = [texts("golden.jsonl"), texts("heldout.jsonl"), texts("stream.jsonl")]
    assert not (sets[0] & sets[1] or sets[0] & sets[2] or sets[1] & sets[2])


def test_new_kinds_of_message_arrive_from_day_13_in_two_segments_only(generator: ModuleType) -> None:
    queues, language = generator.load_templates()
    assert language.openers
    marks = (
        "locker",
        "compartment",
        "drone",
        "chilled",
        "ice packs",
        "instalment",
        "split",
        "credit",
        "kiosk",
        "wallet",
    )
    seen: dict[tuple[str, bool], list[bool]] = {}
    for row in rows("stream.jsonl"):
        marked = any(mark in row["inputs"]["message"].lower() for mark in marks)
        seen.setdefault((row["segment"], row["ts"] >= FIRST_LATE_DAY), []).append(marked)
    share = {key: sum(found) / len(found) for key, found in seen.items()}
    for segment in DRIFTING:
        assert share[segment, False] < 0.02
        assert 0.33 < share[segment, True] < 0.55
    assert share["account", True] < 0.01
    assert {queue.segment for queue in queues if queue.drifts()} == DRIFTING


def test_the_small_classifier_reads_the_prompt_well_enough_until_the_new_kinds_arrive() -> None:
    stream, heldout = rows("stream.jsonl"), rows("heldout.jsonl")
    before = share_right([row for row in stream if row["ts"] < FIRST_LATE_DAY])
    after = share_right([row for row in stream if row["ts"] >= FIRST_LATE_DAY and row["segment"] in DRIFTING])
    assert 0.72 < before < 0.88
    assert after < before - 0.2
    early, late = (share_right([row for row in heldout if row["kind"] == kind]) for kind in ("early", "late"))
    assert 0.72 < early < 0.88
    assert late < 0.35
