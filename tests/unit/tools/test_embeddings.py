"""Vectors for the failure memory: the built-in ones, a model in a folder, and a provider reached over HTTP."""

import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from library.errors import InputError, Outage
from tools.embeddings import FolderEmbedding, LexicalEmbedding, ProviderEmbedding, open_embedding

ROOT = Path(__file__).parents[3]


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def in_a_new_process(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_lexical_vectors_are_unit_length_and_as_wide_as_promised() -> None:
    embedding = open_embedding("lexical")
    vectors = embedding.embed(
        ["Where is my parcel?", "", "?!", "parcel parcel parcel", "荷物が届きません", "\ud800 broken"]
    )
    assert {len(vector) for vector in vectors} == {embedding.dimensions} == {1024}
    for vector in vectors:
        assert math.isclose(cosine(vector, vector), 1.0, abs_tol=1e-9)
    assert vectors[1] == vectors[2]
    assert embedding.embed([]) == []


def test_lexical_vectors_are_the_same_in_every_process() -> None:
    code = "from tools.embeddings import LexicalEmbedding as L; print(repr(L(32).embed(['Where is my parcel?'])[0]))"
    seen = {in_a_new_process(code, PYTHONHASHSEED=seed) for seed in ("1", "2")}
    assert seen == {repr(LexicalEmbedding(32).embed(["Where is my parcel?"])[0])}


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("my parcel has not arrived", "the parcels did not arrive", "my password has not been changed"),
        ("I want a refund", "when will the refunding happen", "I want a new password"),
        ("WHERE IS ORDER 12345", "where is order 98761", "where is the setting"),
        ("pasword reset", "password reset", "parcel reset date"),
        ("the courier's van", "the couriers van", "the carriers plan"),
        ("荷物が届きません", "荷物はまだ届きません", "パスワードを忘れました"),
    ],
)
def test_lexical_similarity_follows_content_words(text: str, near: str, far: str) -> None:
    vector, close, distant = LexicalEmbedding().embed([text, near, far])
    assert cosine(vector, close) > cosine(vector, distant) + 0.1


def test_opening_lexical_loads_no_heavy_library() -> None:
    code = (
        "import sys; import tools.memory; from tools.embeddings import open_embedding; open_embedding('lexical')\n"
        "print([m for m in ('chromadb', 'numpy', 'litellm', 'onnxruntime', 'tokenizers') if m in sys.modules])"
    )
    assert in_a_new_process(code) == "[]"


def test_an_empty_setting_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"\[memory\] embedding"):
        open_embedding("  ")


# A complete ONNX model: `last_hidden_state = Gather(table, input_ids)` over a table of 6 rows and 4 columns.
def varint(value: int) -> bytes:
    head = b""
    while value > 127:
        head += bytes([value & 127 | 128])
        value >>= 7
    return head + bytes([value])


def field(number: int, value: "int | str | bytes") -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def tensor_type(kind: int, axes: Sequence[str | int]) -> bytes:
    shape = b"".join(field(1, field(2, axis) if isinstance(axis, str) else field(1, axis)) for axis in axes)
    return field(1, field(1, kind) + field(2, shape))


def lookup_model(table: Sequence[Sequence[float]]) -> bytes:
    import array

    rows, columns = len(table), len(table[0])
    values = array.array("f", [value for row in table for value in row]).tobytes()
    weights = field(1, rows) + field(1, columns) + field(2, 1) + field(8, "table") + field(9, values)
    node = field(1, "table") + field(1, "input_ids") + field(2, "last_hidden_state") + field(4, "Gather")
    asked = field(1, "input_ids") + field(2, tensor_type(7, ["batch", "length"]))
    answered = field(1, "last_hidden_state") + field(2, tensor_type(1, ["batch", "length", columns]))
    graph = field(1, node) + field(2, "lookup") + field(5, weights) + field(11, asked) + field(12, answered)
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[PAD]": 0, "[UNK]": 1, "parcel": 2, "late": 3, "money": 4, "back": 5}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    table = [[9, 9, 9, 9], [0, 0, 0, 1], [3, 0, 0, 0], [0, 4, 0, 0], [0, 0, 1, 0], [0, 0, 2, 1]]
    (tmp_path / "model.onnx").write_bytes(lookup_model(table))
    return tmp_path


def test_a_model_in_a_folder_averages_its_tokens_and_ignores_padding(model_folder: Path) -> None:
    embedding = open_embedding(f"folder:{model_folder}")
    assert embedding.dimensions == 4
    first, second = embedding.embed(["parcel late", "money"])
    assert first == pytest.approx([0.6, 0.8, 0.0, 0.0])
    assert second == pytest.approx([0.0, 0.0, 1.0, 0.0])
    assert len(embedding.embed(["parcel"] * 70)) == 70


def test_a_model_folder_may_ask_for_its_first_token(model_folder: Path) -> None:
    (model_folder / "1_Pooling").mkdir()
    (model_folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    assert FolderEmbedding(model_folder).embed(["parcel late"])[0] == pytest.approx([1.0, 0.0, 0.0, 0.0])


def test_another_model_in_the_same_folder_has_another_name(model_folder: Path) -> None:
    before = FolderEmbedding(model_folder).name
    assert FolderEmbedding(model_folder).name == before
    (model_folder / "model.onnx").write_bytes(lookup_model([[1.0, 0.0]] * 6))
    assert FolderEmbedding(model_folder).name != before


def test_a_folder_without_a_usable_model_says_what_is_wrong(model_folder: Path) -> None:
    with pytest.raises(InputError, match=r"model\.onnx and tokenizer\.json"):
        open_embedding("folder:/nowhere/at/all")
    (model_folder / "sentence_bert_config.json").write_text("[]")
    with pytest.raises(InputError, match=r"sentence_bert_config\.json"):
        open_embedding(f"folder:{model_folder}")
    (model_folder / "sentence_bert_config.json").unlink()
    for broken in ("tokenizer.json", "model.onnx"):
        (model_folder / broken).write_bytes(b"this is something else")
        with pytest.raises(InputError, match="cannot be used") as caught:
            open_embedding(f"folder:{model_folder}")
        assert "\n" not in str(caught.value)


def test_a_model_that_cannot_be_downloaded_is_an_outage(tmp_path: Path) -> None:
    code = (
        "from library.errors import Outage; from tools.embeddings import open_embedding\n"
        "embedding = open_embedding('chroma-default'); print(embedding.dimensions, embedding.embed([]))\n"
        "try: embedding.embed(['a text'])\n"
        "except Outage as error: print(error)"
    )
    nobody = "http://127.0.0.1:9"
    said = in_a_new_process(code, HOME=str(tmp_path), HTTPS_PROXY=nobody, HTTP_PROXY=nobody, ALL_PROXY=nobody)
    width, line = said.splitlines()
    assert width == "384 []"
    assert "cannot be downloaded" in line
    assert 'use "lexical"' in line


class EmbeddingServer(BaseHTTPRequestHandler):
    """A provider that embeds a text as [its length, 1], answers rows in reverse order, and knows one key."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = {"busy": 503, "locked": 401}.get(asked["model"], 200)
        rows = [{"object": "embedding", "index": at, "embedding": [len(t), 1.0]} for at, t in enumerate(asked["input"])]
        answer = {
            "object": "list",
            "model": asked["model"],
            "data": rows[::-1],
            "usage": {"prompt_tokens": 1, "total_tokens": 1},
        }
        body = json.dumps(answer if status == 200 else {"error": {"message": "no\nsecond line"}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""


@pytest.fixture
def provider() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), EmbeddingServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_provider_answers_in_order_whatever_the_batches(provider: str) -> None:
    embedding = ProviderEmbedding("openai/sizes", api_base=provider, api_key="none")
    texts = ["x" * length for length in range(1, 150)]
    assert embedding.embed(texts) == [[float(length), 1.0] for length in range(1, 150)]
    assert (embedding.name, embedding.dimensions) == ("openai/sizes", 2)


def test_a_providers_failures_are_named_errors(provider: str) -> None:
    with pytest.raises(Outage, match="openai/busy does not answer") as caught:
        ProviderEmbedding("openai/busy", api_base=provider, api_key="none").embed(["a"])
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="openai/locked cannot be used"):
        ProviderEmbedding("openai/locked", api_base=provider, api_key="none").embed(["a"])
    with pytest.raises(Outage, match="does not answer"):
        ProviderEmbedding("openai/any", api_base="http://127.0.0.1:9/v1", api_key="none").embed(["a"])
    with pytest.raises(InputError, match="cannot be used"):
        open_embedding("no-such-model").embed(["a"])
