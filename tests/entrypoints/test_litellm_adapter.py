"""The adapter in `examples/litellm` with the real litellm, a real server and a small model behind HTTP."""

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.settings import load_settings
from library.errors import InputError
from library.prompts import Actor, Content, Message
from library.store.stores import open_library
from library.templates import render, variables
from tests.entrypoints.test_example_application import Model, Wire, listening
from tests.entrypoints.test_serve import ENVIRONMENT, serving

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
litellm = pytest.importorskip("litellm")

REPOSITORY = Path(__file__).parents[2]
FILE = REPOSITORY / "examples" / "litellm" / "promptkeeper_litellm.py"
CLIENT = FILE.with_name("promptkeeper_client.py")
sys.path.append(str(FILE.parent))  # as litellm's own command does with the folder it is started in
NAME, STEPS = "support/triage", "support/steps"
OWNER = Actor(name="owner", kind="local", reviewer=True)
CONFIG = {"temperature": 0.25, "max_tokens": 7}


def adapter():
    """The file as a proxy loads it: by its place, not from an installed package."""
    spec = importlib.util.spec_from_file_location("promptkeeper_litellm", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ours = adapter()
client = importlib.import_module("promptkeeper_client")


def now():
    return datetime.now(UTC)


class WireServer(ThreadingHTTPServer):
    """Between the adapter and the server: passes requests on as they are, notes them, is busy when told."""

    def __init__(self, keeper):
        super().__init__(("127.0.0.1", 0), Wire)
        self.keeper, self.seen, self.busy = keeper, [], 0

    def pass_on(self, asked):
        """Answer one request as the server does; 503 while busy."""
        body = asked.rfile.read(int(asked.headers.get("Content-Length", 0)))
        if asked.command == "POST" and self.busy:
            self.busy -= 1
            status, headers, said = 503, {"Retry-After": "0"}, b""
        else:
            names = {"if-none-match", "content-type", "authorization"}
            sent = {name: value for name, value in asked.headers.items() if name.lower() in names}
            answer = client.httpx.request(
                asked.command, f"http://{self.keeper}{asked.path}", content=body, headers=sent
            )
            status, headers, said = answer.status_code, answer.headers, answer.content
        self.seen.append((asked.command, asked.path.partition("?")[0], status))
        asked.send_response(status)
        for name in {"etag", "cache-control", "content-type", "retry-after"} & {n.lower() for n in headers}:
            asked.send_header(name, headers.get(name) or headers["Retry-After"])
        asked.send_header("Content-Length", str(len(said)))
        asked.end_headers()
        asked.wfile.write(said)


@pytest.fixture(scope="module")
def project(_started, tmp_path_factory):
    """A project with two prompts: one of text with settings, and one whose second version goes out in steps."""
    folder = shutil.copytree(_started, tmp_path_factory.mktemp("adapter") / "project")
    (folder / "policies" / "rulebook.yaml").write_text("release: {cache_seconds: 60}\n")
    library = open_library(load_settings(folder).library_url)
    for name in (NAME, STEPS):
        library.prompts.create(name, description="", metrics=[{"name": "exact_match"}], actor=OWNER, now=now())
    for content in (
        Content(text="Name the queue. [[protect:a]]Be kind.[[/protect]] {{message}}", config=CONFIG),
        Content(text="Name the queue, {{{{literally. {{message}}", config=CONFIG),
    ):
        library.prompts.add_version(NAME, content, actor=OWNER, now=now())
    for text in ("Old: {{message}}", "New: {{message}}"):
        library.prompts.add_version(STEPS, Content(text=text), actor=OWNER, now=now())
    for name in (NAME, STEPS):
        library.prompts.move_label(name, "production", 1, expected=None, actor=OWNER, reason="first", now=now())
    library.prompts.move_label(NAME, "staging", 2, expected=None, actor=OWNER, reason="try", now=now())
    library.canaries.start(
        library.prompts.version(STEPS, 2), label="production", steps=(50, 100), actor=OWNER, now=now()
    )
    yield library, folder
    library.db.close()


@pytest.fixture(scope="module")
def served(project):
    """The address of a server over that project."""
    with serving(project[1], ENVIRONMENT, "--no-schedule") as (_, address):
        yield address


@pytest.fixture
def wire(served):
    """Between the adapter and the server: notes requests, and can be closed."""
    wire = WireServer(served)
    with listening(wire):
        yield wire


@pytest.fixture
def model():
    """A small model; `asked` holds what it was sent."""
    small = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    small.asked = []
    with listening(small) as address:
        small.base = f"{address}/v1"
        yield small


@pytest.fixture
def keeper(wire):
    """The callback, registered with litellm."""
    keeper = ours.Promptkeeper(f"http://127.0.0.1:{wire.server_port}")
    litellm.callbacks = [keeper]
    yield keeper
    assert keeper.post.flush()
    litellm.callbacks = []
    litellm.logging_callback_manager._reset_all_callbacks()


def told(keeper, project, message, prompt=NAME):
    """The trace of a call; litellm tells of it in a thread or a task of its own."""
    for _ in range(400):
        keeper.post.flush()
        found = [t for t in project[0].traces.list(prompt) if t.inputs.get("message") == message]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(message)


def asking(model, message, **more):
    said = {"model": "openai/small", "api_base": model.base, "api_key": "none", "prompt_id": NAME}
    return {**said, "prompt_variables": {"message": message}, **more}


def test_a_plain_call_reads_its_prompt_and_is_told_with_version_and_label(keeper, project, model, caplog):
    answer = litellm.completion(**asking(model, "plain", metadata={"segment": "mail", "session_id": "s-1"}))
    assert answer.choices[0].message.content == "Billing"
    assert model.asked[0]["messages"] == [{"role": "user", "content": "Name the queue. Be kind. plain"}]
    trace = told(keeper, project, "plain")
    assert (trace.version, trace.label, trace.output, trace.finish_reason) == (1, "production", "Billing", "stop")
    assert (trace.model, trace.response_model) == ("small", "small-2026")
    assert (trace.tokens_in, trace.tokens_out, trace.cost, trace.arm) == (11, 3, None, None)
    assert (trace.segment, trace.session) == ("mail", "s-1")
    # litellm passes no settings of a prompt on in such a call: that is said, once.
    assert "temperature" not in model.asked[0]
    litellm.completion(**asking(model, "plain again"))
    assert [r.message for r in caplog.records if "takes temperature" in r.message][1:] == []
    assert "max_tokens" in caplog.text


def test_a_label_or_a_number_may_be_asked_for(keeper, project, model):
    litellm.completion(**asking(model, "by label", prompt_label="staging"))
    litellm.completion(**asking(model, "by number", prompt_version=2))
    assert model.asked[0]["messages"][0]["content"] == "Name the queue, {{literally. by label"
    by_label, by_number = told(keeper, project, "by label"), told(keeper, project, "by number")
    assert (by_label.version, by_label.label) == (2, "staging")
    assert (by_number.version, by_number.label) == (2, None)


async def test_an_async_call_adds_the_messages_once_and_takes_the_settings(keeper, project, model):
    more = [{"role": "user", "content": "Thanks."}]
    await litellm.acompletion(**asking(model, "async", messages=more, max_tokens=3))
    (sent,) = model.asked
    assert [m["content"] for m in sent["messages"]] == ["Name the queue. Be kind. async", "Thanks."]
    assert (sent["temperature"], sent["max_tokens"]) == (0.25, 3)  # the call's own word counts
    trace = await asyncio.to_thread(told, keeper, project, "async")
    assert (trace.version, trace.output) == (1, "Billing")


async def test_litellms_cache_does_not_answer_one_message_with_another(keeper, model, caplog):
    litellm.cache = litellm.Cache(type="local")
    try:
        for message in ("first", "second"):
            await litellm.acompletion(**asking(model, message))
        assert [m["messages"][0]["content"].split()[-1] for m in model.asked] == ["first", "second"]
        litellm.completion(**asking(model, "third"))
    finally:
        litellm.cache = None
    assert "takes calls with prompt_id for one another" in caplog.text


def test_call_gives_everything_a_synchronous_call_needs(keeper, project, model):
    for version in (1, 2):
        arguments = keeper.call(NAME, {"message": f"whole {version}"}, model="openai/small", version=version)
        litellm.completion(api_base=model.base, api_key="none", **arguments)
        sent = model.asked[-1]
        assert (sent["temperature"], sent["max_tokens"]) == (0.25, 7)
        assert told(keeper, project, f"whole {version}").version == version
    side = keeper.call(STEPS, {"message": "x"}, model="openai/small", subject="customer-1")
    assert side["metadata"]["promptkeeper"]["canary_arm"].startswith("1:50:")


async def test_a_router_reads_prompts_too_and_keeps_its_choice_of_model(keeper, project, model):
    target = {"model": "openai/small", "api_base": model.base, "api_key": "none"}
    router = litellm.Router(model_list=[{"model_name": "sorter", "litellm_params": target}], num_retries=0)
    await router.acompletion(
        model="sorter", messages=[], prompt_id=NAME, prompt_variables={"message": "routed"}, metadata={"segment": "r"}
    )
    assert model.asked[0]["messages"][0]["content"].endswith("routed")
    trace = await asyncio.to_thread(told, keeper, project, "routed")
    assert (trace.version, trace.segment) == (1, "r")


def test_each_subject_keeps_its_side_and_the_trace_names_it(keeper, project, model, wire):
    subjects = [f"customer-{n}" for n in range(12)]
    for subject in [*subjects, *subjects]:
        variables = {"message": f"for {subject}", ours.SUBJECT: subject}
        litellm.completion(**asking(model, "", prompt_id=STEPS, prompt_variables=variables))
    litellm.completion(**asking(model, "for nobody", prompt_id=STEPS))
    texts = [said["messages"][0]["content"] for said in model.asked]
    assert texts[:12] == texts[12:24]
    assert {text[:3] for text in texts[:12]} == {"Old", "New"}
    assert texts[24] == "Old: for nobody"
    assert sum(method == "GET" for method, *_ in wire.seen) == 13
    for subject, text in zip(subjects, texts, strict=False):
        trace = told(keeper, project, f"for {subject}", STEPS)
        assert trace.arm.endswith(":50:canary" if trace.version == 2 else ":50:control")
        assert text.startswith("New" if trace.version == 2 else "Old")
        assert set(trace.inputs) == {"message"}
    assert told(keeper, project, "for nobody", STEPS).arm is None


def test_a_call_that_fails_or_streams_is_told_as_well(keeper, project, model):
    with pytest.raises(litellm.BadRequestError):
        litellm.completion(**asking(model, "BREAK", num_retries=0))
    failed = told(keeper, project, "BREAK")
    assert (failed.error.type, failed.output, failed.version) == ("BadRequestError", None, 1)
    parts = litellm.completion(**asking(model, "in parts", mock_response="Account", stream=True))
    assert "".join(part.choices[0].delta.content or "" for part in parts) == "Account"
    assert told(keeper, project, "in parts").output == "Account"


def test_no_text_leaves_where_message_logging_is_off(keeper, project, model):
    before = len(project[0].traces.list(NAME))
    litellm.turn_off_message_logging = True
    try:
        litellm.completion(**asking(model, "a secret"))
        for _ in range(400):
            keeper.post.flush()
            if len(project[0].traces.list(NAME)) > before:
                break
            time.sleep(0.02)
    finally:
        litellm.turn_off_message_logging = False
    newest = project[0].traces.list(NAME)[0]
    assert (newest.inputs, newest.output, newest.version) == ({}, None, 1)


def test_many_calls_ask_the_server_once_and_a_server_that_is_gone_stops_nobody(served, model):
    wire = WireServer(served)
    with listening(wire) as address:
        shelf = client.Shelf(client.httpx.Client(base_url=address), wait_s=5.0)
        for _ in range(100):
            assert shelf.get(NAME, "production", None, None)["version"] == 1
            assert shelf.get(NAME, "production", None, "anybody")["version"] == 1
        assert [path for _, path, _ in wire.seen] == [f"/api/v1/prompts/{NAME}"] * 2
    old(shelf)
    assert shelf.get(NAME, "production", None, "somebody")["version"] == 1  # the server is gone, the version goes on
    with pytest.raises(ours.PromptUnavailable, match="does not answer"):
        shelf.get("support/other", "production", None, None)


def test_what_the_server_refuses_is_an_error_and_no_other_prompt(keeper, model):
    for which in ({"prompt_id": "no/such"}, {"prompt_label": "unset"}):
        with pytest.raises(ours.PromptUnavailable):
            litellm.completion(**asking(model, "x", **which))
    with pytest.raises(ValueError, match="needs message"):
        litellm.completion(**asking(model, "x", prompt_variables={}))
    assert model.asked == []


def test_a_prompt_whose_time_is_over_is_asked_for_again_and_unchanged_costs_no_body(served):
    wire = WireServer(served)
    with listening(wire) as address:
        shelf = client.Shelf(client.httpx.Client(base_url=address), wait_s=5.0)
        first = shelf.get(NAME, "production", None, None)
        old(shelf)
        assert shelf.get(NAME, "production", None, None) == first
        assert [status for *_, status in wire.seen] == [200, 304]
        old(shelf, "renew")  # half of its time: nobody waits, and somebody asks
        assert shelf.get(NAME, "production", None, None) == first
        for _ in range(400):
            if len(wire.seen) == 3:
                break
            time.sleep(0.02)
        assert [status for *_, status in wire.seen] == [200, 304, 304]


def test_a_label_that_moved_back_is_followed(served, project):
    library, said = project[0], {"actor": OWNER, "reason": "back", "now": now()}
    shelf = client.Shelf(client.httpx.Client(base_url=f"http://{served}"), wait_s=5.0)
    library.prompts.move_label(NAME, "beta", 2, expected=None, **said)
    assert shelf.get(NAME, "beta", None, None)["version"] == 2
    library.prompts.move_label(NAME, "beta", 1, expected=2, **said)
    assert shelf.get(NAME, "beta", None, None)["version"] == 2
    old(shelf)
    assert shelf.get(NAME, "beta", None, None)["version"] == 1


def old(shelf, what="until"):
    """As if the time that the server allows had passed, or half of it."""
    for kept in shelf._kept.values():
        kept[what] = 0.0


def test_traces_wait_for_a_busy_server_and_one_bad_row_keeps_no_other_out(served, project):
    wire = WireServer(served)
    wire.busy = 2
    row = {"ts": now().isoformat(), "prompt": NAME, "version": 1, "inputs": {"message": "kept"}}
    with listening(wire) as address:
        post = client.Post(client.httpx.Client(base_url=address), most=3)
        post._send([{**row, "id": "good-1"}, {**row, "id": "bad", "version": 99}, {**row, "id": "good-2"}])
        assert post.lost == 1
        statuses = [status for *_, status in wire.seen]
        assert statuses[:3] == [503, 503, 422]
    assert {"good-1", "good-2"} <= {t.id for t in project[0].traces.list(NAME)}


def test_what_is_told_as_the_program_ends_still_arrives(served, project, tmp_path):
    shutil.copy(FILE, tmp_path)
    shutil.copy(CLIENT, tmp_path)
    program = f"""
import asyncio, litellm
import promptkeeper_litellm
litellm.callbacks = [promptkeeper_litellm.keeper]
said = dict(model="openai/small", prompt_id="{NAME}", mock_response="Billing")
litellm.completion(**said, prompt_variables={{"message": "last but one"}})
asyncio.run(litellm.acompletion(**said, prompt_variables={{"message": "last"}}))
"""
    environ = {**os.environ, "PROMPTKEEPER_URL": f"http://{served}", "PYTHONPATH": str(tmp_path)}
    said = {"capture_output": True, "text": True, "timeout": 120}
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=tmp_path, env=environ, **said)
    assert done.returncode == 0, done.stderr
    found = {t.inputs.get("message"): t.output for t in project[0].traces.list(NAME)}
    assert {found.get("last but one"), found.get("last")} == {"Billing"}


def test_a_proxys_configuration_finds_the_callback(served, tmp_path, monkeypatch):
    from litellm.proxy.types_utils.utils import get_instance_fn

    shutil.copy(FILE, tmp_path)
    monkeypatch.setenv("PROMPTKEEPER_URL", f"http://{served}")
    (tmp_path / "config.yaml").write_text((FILE.parent / "config.yaml").read_text())
    import yaml

    (named,) = yaml.safe_load((tmp_path / "config.yaml").read_text())["litellm_settings"]["callbacks"]
    found = get_instance_fn(named, str(tmp_path / "config.yaml"))
    assert found.integration_name == "promptkeeper"
    assert found.shelf.get(NAME, "production", None, None)["version"] == 1


@given(
    text=st.lists(
        st.sampled_from(["{{a}}", "{{ a }}", "{a}", "{{{{", "}}}}", "{{", "}}", "{", "}", "[[protect:x]]", "so", "\n"])
    ).map("".join),
    spelling=st.sampled_from(["mustache", "f-string"]),
    value=st.text(max_size=20) | st.just("{{a}} {a}"),
)
def test_a_template_is_filled_as_the_library_fills_it(text, spelling, value):
    content = Content(kind="chat", format=spelling, messages=(Message(role="system", content=text),))
    try:
        names = variables(content)
        wanted = render(content, dict.fromkeys(names, value), "here")
    except InputError:
        return  # the library keeps no such prompt
    prompt = {"name": "x", "version": 1, "variables": list(names), **json.loads(json.dumps(content.to_json()))}
    assert client.fill(prompt, dict.fromkeys(names, value)) == [{"role": m.role, "content": m.content} for m in wanted]


def generic(served, **which):
    """litellm's own generic manager at our endpoint."""
    from litellm.integrations.generic_prompt_management import GenericPromptManager

    return GenericPromptManager(f"http://{served}", additional_provider_specific_query_params=which or None)


def asked_generic(manager, name, variables):
    """(messages, settings) as the manager makes them."""
    said = {"prompt_id": name, "prompt_variables": variables, "dynamic_callback_params": {}}
    _, messages, settings = manager.get_chat_completion_prompt("m", [], {}, **said)
    return messages, settings


def test_litellms_generic_manager_reads_prompts_in_its_own_spelling(served, project):
    messages, settings = asked_generic(generic(served), NAME, {"message": "odd {{value}}"})
    assert messages == [{"role": "user", "content": "Name the queue. Be kind. odd {{value}}"}]
    assert settings == CONFIG
    messages, _ = asked_generic(generic(served, label="staging"), NAME, {"message": "hi"})
    assert messages == [{"role": "user", "content": "Name the queue, {{literally. hi"}]


def test_what_the_generic_manager_would_fill_wrongly_is_refused(served, project):
    library = project[0]
    library.prompts.create("support/clash", description="", metrics=[{"name": "exact_match"}], actor=OWNER, now=now())
    clash = Content(text='Answer {"to": {message}} about {{message}}')
    library.prompts.add_version("support/clash", clash, actor=OWNER, now=now())
    address = f"http://{served}/beta/litellm_prompt_management"
    refused = client.httpx.get(address, params={"prompt_id": "support/clash", "version": 1})
    assert (refused.status_code, "litellm would fill it" in refused.json()["title"]) == (409, True)
    both = client.httpx.get(address, params={"prompt_id": NAME, "version": 1, "label": "staging"})
    unknown = client.httpx.get(address, params={"prompt_id": "no/such"})
    assert (both.status_code, unknown.status_code) == (400, 404)
    assert client.httpx.get(address, params={"prompt_id": NAME}).headers["cache-control"] == "private, max-age=60"


def test_threads_share_one_shelf(served):
    shelf = client.Shelf(client.httpx.Client(base_url=f"http://{served}"), wait_s=30.0)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda n: shelf.get(NAME, "production", None, f"s{n}")["version"], range(64)))
    assert set(found) == {1}


def test_the_files_name_nothing_of_ours():
    lines = [*FILE.read_text().splitlines(), *CLIENT.read_text().splitlines()]
    imported = {line.split()[1].partition(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported - sys.stdlib_module_names == {"litellm", "httpx", "promptkeeper_client"}


with contextlib.suppress(AttributeError):
    litellm.suppress_debug_info = True
