"""The MCP server with the real client: in memory, and over standard input and output."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mcp
import pytest
from mcp_types import ElicitResult

from agent.bootstrap import policies_of, rulebook_of
from agent.entrypoints.mcp.desk import Desk
from agent.entrypoints.mcp.readers import as_text
from agent.entrypoints.mcp.server import build_server
from agent.settings import load_settings
from library.access import AGENT_ROLES
from library.incidents import Degradation
from library.prompts import Actor, Content
from library.runs import Attempt
from library.store.stores import open_library
from policies.guardrails.engine import Subject, check

NAME = "support/triage"
RITA = Actor(name="rita", kind="local", reviewer=True)
READERS = {
    "list_prompts", "get_prompt", "explain_degradation", "list_incidents", "list_proposals", "get_proposal",
}  # fmt: skip
CHANGING = {"start_cycle", "comment_on_proposal"}
SIDE = {"baseline": 0.7, "candidate": 0.8, "gain": 0.1, "low": 0.04, "high": 0.16, "n": 120, "excluded": 2}
ADDRESS = "jane.doe@mail-provider.net"


def now():
    return datetime.now(UTC)


class Office:
    """A project with one degraded prompt and a proposal for it; tokens as they are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.settings = folder, load_settings(folder)
        self.library = open_library(self.settings.library_url)
        self.wishes = []
        self.proposal = self._propose()

    def token(self, role, *, agent=False):
        secret = f"pk_{role}-{agent}"
        said = {"name": f"{role}-person", "role": role, "agent": agent, "by": "test"}
        self.library.access.create_token(secret, **said, now=now(), expires_at=None)
        return secret

    def desk(self, secret="", *, approve=False):
        def start(wish):
            self.wishes.append(wish)
            return True

        return Desk(
            library=self.library,
            rulebook=rulebook_of(self.settings),
            policy_for=policies_of(self.settings),
            now=now,
            start=start,
            secret=secret,
            approve=approve,
        )

    @asynccontextmanager
    async def client(self, secret="", *, approve=False, **options):
        async with mcp.Client(build_server(self.desk(secret, approve=approve)), **options) as client:
            yield client

    def _propose(self):
        library = self.library
        library.prompts.create(NAME, description="Sorts", metrics=[{"name": "exact_match"}], actor=RITA, now=now())
        base = library.prompts.add_version(NAME, Content(text="Name the queue: {{message}}\n"), actor=RITA, now=now())
        library.prompts.move_label(NAME, "production", 1, expected=None, actor=RITA, reason="first", now=now())
        degradation = Degradation(
            metric="exact_match", evaluator="programmatic", revision="1", detected_at=now(),
            onset=now() - timedelta(hours=6), onset_earliest=now() - timedelta(hours=8),
            onset_latest=now() - timedelta(hours=5), before=0.9, after=0.7, effect=0.2, effect_low=0.12,
            effect_high=0.28, n_before=400, n_after=180, evidence=14.5, threshold=9.2, segment=None, segments=(),
        )  # fmt: skip
        incident = library.incidents.open(NAME, 1, degradation, now=now())
        claim, run, _ = library.runs.claim(
            NAME, owner="test", trigger="force", incident_id=incident.id, base_version=1, seed=7,
            lease=timedelta(minutes=5), now=now(),
        )  # fmt: skip
        content = Content(text="Name the queue, and nothing else: {{message}}\n")
        library.runs.save_attempt(
            claim,
            Attempt(
                run_id=run.id, number=1, round=1, prompt=NAME, strategy="rewrite", hypothesis="Say it.",
                content=content, content_hash=content.hash, state="tested", reason="", result={}, created_at=now(),
            ),
        )  # fmt: skip
        verdict = check(
            Subject(current=base.content, candidate=content), policies_of(self.settings)(NAME), today=now().date()
        )
        example = {"change": "fixed", "inputs": {"message": f"I am {ADDRESS}"}, "expected": "account"}
        proposal = library.proposals.create(
            claim, prompt=NAME, label="production", base=base, attempt_number=1, incident_id=incident.id,
            content=content, policy_digest=verdict.policy_digest,
            packet={
                "hypothesis": "Say that nothing else is wanted.", "diagnosis": {"sentence": "It chats."},
                "comparison": {**SIDE, "fixed": ["a"], "broken": [], "segments": []},
                "golden": {**SIDE, "n": 0}, "anchors": {"checked": 0, "broken": []}, "tried": 1, "seed": 7,
                "verdict": {"decision": "allow", "findings": []}, "models": {"student": "s", "teacher": "t"},
                "examples": [{**example, "before": "hi", "after": "account"}],
            },
            expires_at=now() + timedelta(days=14), now=now(),
        )  # fmt: skip
        done = {"state": "finished", "stop_reason": "proposed", "detail": "", "proposal_id": proposal.id}
        library.runs.finish(claim, **done, now=now())
        return proposal


@pytest.fixture
def office(promptkeeper):
    office = Office(promptkeeper.folder)
    yield office
    office.library.db.close()


async def ask(client, tool, **arguments):
    """What a tool says: its structured answer, or the line of its error."""
    answer = await client.call_tool(tool, arguments)
    return answer.content[0].text if answer.is_error else answer.structured_content


async def test_readers_are_marked_as_such_and_approving_is_not_there_by_default(office):
    async with office.client() as client:
        tools = {t.name: t.annotations for t in (await client.list_tools()).tools}
        assert set(tools) == READERS | CHANGING
        assert {name for name, said in tools.items() if said.read_only_hint} == READERS
        assert not any(said.destructive_hint or said.open_world_hint for said in tools.values())
    async with office.client(approve=True) as client:
        (signing,) = [t for t in (await client.list_tools()).tools if t.name == "approve_proposal"]
        assert signing.annotations.destructive_hint
        assert set(signing.input_schema["properties"]) == {"proposal_id", "content_hash"}  # the answer is no argument


async def test_the_page_lists_the_tools_there_are(office):
    page = (Path(__file__).parents[2] / "docs" / "mcp.md").read_text(encoding="utf-8")
    rows = page.split("<!-- tools: begin -->")[1].split("<!-- tools: end -->")[0].strip().splitlines()[2:]
    async with office.client(approve=True) as client:
        tools = [t.name for t in (await client.list_tools()).tools]
    assert [row.split("`")[1] for row in rows] == tools


async def test_an_agent_reads_what_there_is_with_intervals_and_without_addresses(office):
    async with office.client(office.token("viewer", agent=True)) as client:
        (prompt,) = (await ask(client, "list_prompts"))["prompts"]
        assert (prompt["name"], prompt["degraded"], prompt["proposal"]) == (NAME, True, office.proposal.id)
        live = await ask(client, "get_prompt", name=NAME)
        assert (live["version"], live["variables"]) == (1, ["message"])
        assert live["text"] == "Name the queue: {{message}}\n"
        assert "label and version" in await ask(client, "get_prompt", name=NAME, label="production", version=1)
        (incident,) = (await ask(client, "list_incidents", prompt=NAME))["incidents"]
        assert (incident["effect_low"], incident["effect_high"], incident["n_after"]) == (0.12, 0.28, 180)
        (listed,) = (await ask(client, "list_proposals", state="pending"))["proposals"]
        assert listed["gain"] == {"gain": 0.1, "low": 0.04, "high": 0.16, "n": 120, "excluded": 2}
        shown = await ask(client, "get_proposal", proposal_id=office.proposal.id)
        assert shown["content_hash"] == office.proposal.content_hash
        assert "+Name the queue, and nothing else" in shown["text"]
        assert "[EMAIL]" in shown["text"]
        assert ADDRESS not in json.dumps(shown)
        why = await ask(client, "explain_degradation", prompt=NAME)
        assert "0.9" in why["text"]


def test_the_change_is_shown_to_the_letter_even_where_it_looks_like_an_address(office):
    address = "help@mail-provider.net"
    changed = replace(office.proposal, content=Content(text=f"Or write to {address}: {{{{message}}}}\n"))
    said = as_text(office.desk(), changed)
    assert said.count(address) == 1
    assert ADDRESS not in said


async def test_mistakes_are_one_line_and_strange_arguments_reach_nothing(office):
    async with office.client() as client:
        for tool, arguments in (
            ("get_prompt", {"name": "no/such"}),
            ("get_proposal", {"proposal_id": 99}),
            ("explain_degradation", {"prompt": "no/such"}),
            ("start_cycle", {"prompt": "no/such"}),
        ):
            said = await ask(client, tool, **arguments)
            assert isinstance(said, str)
            assert len(said.splitlines()) == 1
        assert (await client.call_tool("get_proposal", {"proposal_id": -1})).is_error
        assert (await client.call_tool("list_incidents", {"limit": 10**9})).is_error
    assert office.wishes == []


async def test_roles_count_and_a_revoked_token_ends_at_once(office):
    secrets = {role: office.token(role) for role in ("ingest", "viewer", "operator")}
    comment = {"proposal_id": office.proposal.id, "comment": "Looks fine."}
    async with office.client(secrets["ingest"]) as client:
        assert "may not read" in await ask(client, "list_prompts")
        assert (await ask(client, "get_prompt", name=NAME))["version"] == 1
    async with office.client(secrets["viewer"]) as client:
        assert "may not operate" in await ask(client, "start_cycle", prompt=NAME)
        assert "may not operate" in await ask(client, "comment_on_proposal", **comment)
    async with office.client() as client:  # tokens there are, and none was given
        assert (await ask(client, "list_prompts"))["prompts"]
        assert "may not operate" in await ask(client, "start_cycle", prompt=NAME)
    async with office.client(secrets["operator"]) as client:
        assert await ask(client, "start_cycle", prompt=NAME, force=True) == {"prompt": NAME, "started": True}
        revoked = next(t for t in office.library.access.tokens() if t.role == "operator")
        office.library.access.revoke(revoked.id, by="test", now=now())
        assert "revoked" in await ask(client, "list_prompts")
    assert [(w.prompt, w.trigger) for w in office.wishes] == [(NAME, "force")]


async def test_a_comment_is_seen_by_who_decides_and_changes_nothing_else(office):
    async with office.client() as client:
        said = await ask(client, "comment_on_proposal", proposal_id=office.proposal.id, comment=f"Ask {ADDRESS}.")
        assert said == {"proposal": office.proposal.id, "comments": 1}
        (comment,) = (await ask(client, "get_proposal", proposal_id=office.proposal.id))["comments"]
    assert (comment["text"], comment["kind"]) == ("Ask [EMAIL].", "agent")
    after = office.library.proposals.get(office.proposal.id)
    assert (after.state, after.content_hash) == ("pending", office.proposal.content_hash)
    assert office.library.audit.events()[-1].action == "proposal.commented"
    assert office.library.audit.verify().ok
    office.library.proposals.reject(after.id, actor=RITA, reason="no", now=now())
    async with office.client() as client:
        assert "already rejected" in await ask(client, "comment_on_proposal", proposal_id=after.id, comment="late")


def person(sign, seen):
    """A person at the client, who reads and answers."""

    async def answer(context, params):
        seen.append(params.message)
        return (
            ElicitResult(action="accept", content={"sign": sign})
            if sign is not None
            else ElicitResult(action="decline")
        )

    return answer


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_person_is_shown_the_change_and_signs_it(office, mode):
    seen, named = [], {"proposal_id": office.proposal.id, "content_hash": office.proposal.content_hash}
    secret = office.token("reviewer")
    for sign in (False, None):
        async with office.client(secret, approve=True, mode=mode, elicitation_callback=person(sign, seen)) as client:
            assert (await client.call_tool("approve_proposal", named)).is_error
    assert office.library.proposals.get(office.proposal.id).state == "pending"
    async with office.client(secret, approve=True, mode=mode, elicitation_callback=person(True, seen)) as client:
        done = await ask(client, "approve_proposal", **named)
    assert done["version"] == 2
    assert all("+Name the queue, and nothing else" in message for message in seen)
    assert all("reviewer-person" in message for message in seen)
    decided = office.library.proposals.get(office.proposal.id)
    assert (decided.state, decided.decided_by) == ("approved", "reviewer-person")


async def test_no_program_signs_whatever_its_role_and_without_the_setting_nobody_does(office):
    seen, named = [], {"proposal_id": office.proposal.id, "content_hash": office.proposal.content_hash}
    yes = {"elicitation_callback": person(True, seen)}
    async with office.client(approve=True, **yes) as client:
        assert "a program may not review" in await ask(client, "approve_proposal", **named)
    for role in sorted(AGENT_ROLES):
        async with office.client(office.token(role, agent=True), approve=True, **yes) as client:
            assert "may not review" in await ask(client, "approve_proposal", **named)
    async with office.client(office.token("viewer"), approve=True, **yes) as client:
        assert "may not review" in await ask(client, "approve_proposal", **named)
    secret = office.token("reviewer")
    async with office.client(secret, **yes) as client:
        assert (await client.call_tool("approve_proposal", named)).is_error  # there is no such tool
    async with office.client(secret, approve=True, **yes) as client:
        assert "not the one" in await ask(client, "approve_proposal", **{**named, "content_hash": "sha256:other"})
        # A chat model that answers in the person's place: the answer is no argument of the tool.
        forged = await client.call_tool("approve_proposal", {**named, "content_hash": "x", "answer": {"sign": True}})
        assert forged.is_error
    assert seen == []
    assert office.library.prompts.get(NAME).labels["production"] == 1


async def test_a_client_that_cannot_ask_its_person_releases_nothing(office):
    named = {"proposal_id": office.proposal.id, "content_hash": office.proposal.content_hash}
    async with office.client(office.token("reviewer"), approve=True) as client:
        with pytest.raises(mcp.MCPError):
            await client.call_tool("approve_proposal", {**named, "answer": {"sign": True}})
    assert office.library.proposals.get(office.proposal.id).state == "pending"


async def test_it_speaks_over_standard_input_and_output(office):
    from mcp.client.stdio import StdioServerParameters

    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "agent.entrypoints.cli.main", "mcp"],
        cwd=str(office.folder),
        env={**environment, "PROMPTKEEPER_TOKEN": office.token("operator", agent=True)},
    )
    async with mcp.Client(program) as client:
        assert {t.name for t in (await client.list_tools()).tools} == READERS | CHANGING
        assert (await ask(client, "get_prompt", name=NAME))["version"] == 1
        assert (await ask(client, "start_cycle", prompt=NAME))["started"]
        for _ in range(600):  # the cycle runs in a process of its own
            newest = office.library.runs.list(prompt=NAME)[0]
            if newest.id != office.proposal.run_id and newest.state != "running":
                break
            await asyncio.sleep(0.1)
    assert (newest.trigger, newest.stop_reason) == ("incident", "waiting_for_review")


def test_a_token_that_opens_nothing_is_one_line(process):
    answer = process("mcp", PROMPTKEEPER_TOKEN="pk_not-a-token")
    assert answer.code == 1
    assert "PROMPTKEEPER_TOKEN: the token is unknown" in answer.err
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1
