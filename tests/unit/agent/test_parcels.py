"""What travels to the storing process and back: frames, answers in any order, and processes that die on the way."""

import asyncio
import io
import json
import os
import queue
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.entrypoints.web import intake_worker
from agent.entrypoints.web.intake_process import IntakeProcess, frame, read_frame
from agent.entrypoints.web.parcels import PROBLEM, Parcel, accepted, refused

CHILD = """
import json, os, sys, time
got, out = sys.stdin.buffer, sys.stdout.buffer
def answer(number, body):
    head = json.dumps({"number": number, "status": 200, "media_type": str(os.getpid())}).encode()
    out.write(len(head).to_bytes(4, "big") + len(body).to_bytes(4, "big") + head + body)
    out.flush()
held = []
while len(sizes := got.read(8)) == 8:
    head = json.loads(got.read(int.from_bytes(sizes[:4], "big")))
    body = got.read(int.from_bytes(sizes[4:], "big"))
    if body == b"die":
        os._exit(9)
    elif body == b"babble":
        out.write(b"a library says hello on standard output")
        out.flush()
    elif body == b"unasked":
        answer(10**6, b"to nobody")
    elif body == b"hold":
        held.append(head["number"])
    else:
        answer(head["number"], body[::-1])
        for number in held[::-1]:
            answer(number, b"held")
        held.clear()
for number in held:
    answer(number, b"at the end")
"""
"""Answers with the body turned round; holds some answers back; dies or talks nonsense when told to."""

PROGRAM = (sys.executable, "-I", "-S", "-c", CHILD)


def parcel(body: bytes) -> Parcel:
    return Parcel(kind="traces", body=body)


@pytest.fixture
async def opened(tmp_path):
    """Function: the server's side, with a small program in the storing process's place."""
    made = []

    def open_(program=PROGRAM, **limits):
        made.append(IntakeProcess(tmp_path, program=program, **limits))
        return made[-1]

    yield open_
    for one in made:
        await one.close()


@pytest.fixture
def intake(opened):
    """The same, with no limit in sight."""
    return opened()


async def test_each_gets_the_answer_to_what_it_sent(intake):
    bodies = [bytes([65 + n % 26]) * n + b"." for n in range(200)]
    answers = await asyncio.gather(*(intake.send(parcel(body)) for body in bodies))
    assert [a.body for a in answers] == [body[::-1] for body in bodies]
    assert len({a.media_type for a in answers}) == 1  # all by one process


async def test_answers_may_come_in_another_order(intake):
    answers = await asyncio.gather(*(intake.send(parcel(body)) for body in (b"hold", b"hold", b"abc")))
    assert [a.body for a in answers] == [b"held", b"held", b"cba"]


async def test_when_the_process_dies_all_who_wait_are_told_and_the_next_finds_a_new_one(intake):
    before = (await intake.send(parcel(b"ab"))).media_type
    answers = await asyncio.gather(*(intake.send(parcel(body)) for body in (b"hold", b"hold", b"die")))
    assert {a.status for a in answers} == {503}
    assert b"Send it again" in answers[0].body
    after = await intake.send(parcel(b"ab"))
    assert (after.status, after.body) == (200, b"ba")
    assert after.media_type != before


async def test_who_comes_while_it_dies_is_answered_one_way_or_the_other(intake):
    for _ in range(5):
        answers = await asyncio.wait_for(
            asyncio.gather(intake.send(parcel(b"die")), *(_later(intake, turns) for turns in range(40))), timeout=60
        )
        assert {a.status for a in answers} <= {200, 503}
    assert (await intake.send(parcel(b"ab"))).body == b"ba"


async def _later(intake, turns):
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    return await intake.send(parcel(b"ab"))


@pytest.mark.parametrize("nonsense", [b"babble", b"unasked"])
async def test_a_process_that_talks_nonsense_is_replaced(intake, nonsense):
    said = await asyncio.wait_for(intake.send(parcel(nonsense)), timeout=60)
    assert said.status == 503
    assert (await intake.send(parcel(b"ab"))).body == b"ba"


async def test_killed_from_outside_it_is_replaced(intake):
    first = await intake.send(parcel(b"ab"))
    os.kill(int(first.media_type), signal.SIGKILL)
    answers = [await asyncio.wait_for(intake.send(parcel(b"ab")), timeout=60) for _ in range(3)]
    assert {a.status for a in answers} <= {200, 503}
    assert answers[-1].status == 200


async def test_a_caller_who_gives_up_takes_nobody_along(intake):
    gone = asyncio.create_task(intake.send(parcel(b"hold")))
    stays = asyncio.create_task(intake.send(parcel(b"hold")))
    await asyncio.sleep(0)
    gone.cancel()
    assert (await intake.send(parcel(b"ab"))).body == b"ba"
    assert (await asyncio.wait_for(stays, timeout=60)).body == b"held"


async def test_closing_waits_for_what_was_sent(intake):
    waiting = asyncio.create_task(intake.send(parcel(b"hold")))
    while not intake._parcels:
        await asyncio.sleep(0.01)
    await intake.close()
    assert (await waiting).body == b"at the end"


async def test_too_much_is_refused_and_room_comes_back(opened):
    intake = opened(most_bytes=10, most_parcels=2)
    assert (await intake.send(parcel(b"x" * 11))).status == 429
    held = [asyncio.create_task(intake.send(parcel(b"hold"))) for _ in range(2)]
    while intake._parcels < 2:
        await asyncio.sleep(0.01)
    assert (await intake.send(parcel(b""))).status == 429
    await intake.close()
    assert [(await one).status for one in held] == [200, 200]
    for _ in range(5):  # were room not given back, the third would be refused
        assert (await intake.send(parcel(b"x" * 9))).status == 200


async def test_a_process_that_dies_again_and_again_leaves_no_room_taken(opened):
    intake = opened(most_parcels=2)
    for _ in range(4):
        assert (await intake.send(parcel(b"die"))).status == 503
    assert (await intake.send(parcel(b"ab"))).status == 200


async def test_a_program_that_cannot_start_is_said(opened, tmp_path):
    said = await opened(program=(str(tmp_path / "no such program"),)).send(parcel(b"ab"))
    assert (said.status, said.media_type) == (503, PROBLEM)
    assert "does not start" in json.loads(said.body)["detail"]


async def test_frames_come_back_as_they_were_made():
    stream = asyncio.StreamReader()
    said = [({"number": 1, "name": "grün"}, b""), ({}, bytes(range(256)) * 300)]
    for head, body in said:
        stream.feed_data(frame(head, body))
    stream.feed_data(frame({"number": 2}, b"cut off")[:-1])
    stream.feed_eof()
    assert [await read_frame(stream) for _ in said] == said
    with pytest.raises(asyncio.IncompleteReadError):
        await read_frame(stream)


def test_the_worker_reads_whole_frames_and_leaves_what_was_cut_off():
    whole = [({"number": n}, b"x" * n) for n in range(3)]
    cut = frame({"number": 3}, b"the server was killed here")
    for end in (0, 3, 9, 12, len(cut) - 1):
        waiting: queue.Queue = queue.Queue()
        intake_worker._receive(io.BytesIO(b"".join(frame(*one) for one in whole) + cut[:end]), waiting)
        assert [waiting.get_nowait() for _ in range(3)] == whole
        assert waiting.get_nowait() is None


def test_one_odd_parcel_does_not_spoil_the_others_of_its_group():
    class Keeper:
        def keep(self, parcels):
            if any(p.body == b"odd" for p in parcels):
                raise ZeroDivisionError
            return [accepted(received=len(p.body)) for p in parcels]

    waiting: queue.Queue = queue.Queue()
    for number, body in enumerate((b"a", b"odd", b"abc")):
        head = {"number": number, "kind": "traces", "media_type": "", "encoding": "", "trusted": False}
        waiting.put((head, body))
    waiting.put(None)
    out = io.BytesIO()

    intake_worker._serve(Keeper(), waiting, out)

    again: queue.Queue = queue.Queue()
    intake_worker._receive(io.BytesIO(out.getvalue()), again)
    answers = [again.get_nowait() for _ in range(3)]
    assert [(head["number"], head["status"]) for head, _ in answers] == [(0, 200), (1, 500), (2, 200)]
    assert b"unexpected ZeroDivisionError" in answers[1][1]


def test_a_group_is_what_waits_up_to_a_limit():
    waiting: queue.Queue = queue.Queue()
    for n in range(5):
        waiting.put(({"number": n}, b"xxxx"))
    group, more = intake_worker._group(waiting.get(), waiting, 10)
    assert ([head["number"] for head, _ in group], more) == ([0, 1, 2], True)
    waiting.put(None)
    group, more = intake_worker._group(waiting.get(), waiting, 10)
    assert ([head["number"] for head, _ in group], more) == ([3, 4], False)


def test_a_refusal_names_place_and_mend():
    said = json.loads(refused(400, "no such thing", place="trace 3", mend="Correct it.").body)
    assert said["detail"] == "trace 3: no such thing. Correct it."
    assert (said["status"], said["title"], said["place"]) == (400, "no such thing", "trace 3")


def test_a_worker_that_cannot_open_its_library_says_so_in_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "agent.entrypoints.web.intake_worker"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("promptkeeper: storing: ")
    assert len(done.stderr.splitlines()) == 1
