"""Turn texts into vectors, so that the failure memory can find what resembles what.

The built-in embedding needs no model and no download; the others are loaded only when the settings name them.
"""

import hashlib
import json
import math
import os
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from library.errors import InputError, Outage

PLACE = "[memory] embedding"

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
# Ideographs, kana and hangul: one character says there what three to five letters say elsewhere.
_DENSE_SCRIPT = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
# Words that say little about what a message is for. They keep a little weight, since "not" and "when" may decide.
_FUNCTION_WORDS = frozenset(
    _WORD.findall("""
    a about all am an and any are as at be been being but by can could did do does doing done for from get got had has
    have having he hello help here hi his how i if im in into is it its ive just know like made make may me might mine
    must my need no nor not now of on or our please see shall she should so some still tell than thank thanks that the
    their them then there these they this those to too us use using very want was way we were what when where which who
    why will with would you your yours
    """)
)
_FUNCTION_WORD_WEIGHT = 0.25
_GRAM_LENGTHS = (3, 4, 5)
_DENSE_GRAM_LENGTHS = (1, 2, 3)


class Embedding(Protocol):
    """Vectors of one kind. `name` changes whenever the vectors of two revisions may not be compared."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of `dimensions` numbers per text, in order. Raises Outage when a model does not answer."""
        ...


def open_embedding(spec: str) -> Embedding:
    """The embedding a setting names.

    "lexical" is built in; "chroma-default" is a small sentence model that is downloaded at first use; "folder:PATH"
    is a sentence model on disk (model.onnx and tokenizer.json); anything else is an embedding model for litellm.
    Raises InputError when the setting is empty or the folder holds no usable model.
    """
    name = spec.strip()
    if not name:
        raise InputError("no embedding is named", PLACE, 'Use "lexical", which needs no model.')
    if name == "lexical":
        return LexicalEmbedding()
    if name == "chroma-default":
        return DownloadedEmbedding()
    if name.startswith("folder:"):
        return FolderEmbedding(Path(name.removeprefix("folder:")).expanduser())
    return ProviderEmbedding(name)


class LexicalEmbedding:
    """Built in, deterministic across processes and machines: no model, no download, no corpus statistics.

    Each text becomes a unit vector of hashed features with random signs (feature hashing, Weinberger et al. 2009):
    character n-grams within words, so that spelling mistakes and endings cost little. Every word counts alike whatever
    its length, function words less, repeated words sub-linearly. A text without any word gets a vector of its own,
    so that no vector is ever zero. Chosen over word TF-IDF and plain hashed n-grams by `benchmarks/retrieval.py`.
    """

    def __init__(self, dimensions: int = 1024) -> None:
        self.dimensions = dimensions

    @property
    def name(self) -> str:
        return "lexical-1"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._embed_one(text) for text in texts]

    def _embed_one(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        for word, count in Counter(_words(text)).items():
            frequency = 1.0 + math.log(count)
            for number, weight in _word_features(word):
                vector[number % self.dimensions] += weight * frequency
        length = math.sqrt(sum(value * value for value in vector))
        if length == 0.0:
            vector[0] = length = 1.0
        return [value / length for value in vector]


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "")
    # Order and card numbers differ in every message: their shape is kept, their digits are not.
    return _WORD.findall(_DIGIT.sub("0", folded))


@lru_cache(maxsize=65536)
def _word_features(word: str) -> tuple[tuple[int, float], ...]:
    """The (hash, signed weight) of each n-gram of a word."""
    lengths = _DENSE_GRAM_LENGTHS if _DENSE_SCRIPT.search(word) else _GRAM_LENGTHS
    fenced = f"<{word}>"
    grams = [fenced[at : at + size] for size in lengths for at in range(len(fenced) - size + 1)]
    weight = (_FUNCTION_WORD_WEIGHT if word in _FUNCTION_WORDS else 1.0) / math.sqrt(len(grams))
    # crc32, not hash(): Python's own hash differs from one process to the next.
    numbers = [zlib.crc32(gram.encode("utf-8", "replace")) for gram in grams]
    return tuple((number >> 1, weight if number & 1 else -weight) for number in numbers)


class FolderEmbedding:
    """A sentence model in a folder, run by onnxruntime: mean or first-token pooling, unit length.

    Reads the layout of published sentence models: `model.onnx` (or `onnx/model.onnx`), `tokenizer.json` and, when
    present, `1_Pooling/config.json` and `sentence_bert_config.json`.
    """

    BATCH = 32

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = [path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()]
        if not files or not (folder / "tokenizer.json").is_file():
            raise InputError(
                f"{folder} is not a sentence model folder with model.onnx and tokenizer.json",
                PLACE,
                'Export the model to ONNX, or use embedding = "lexical".',
            )
        with files[0].open("rb") as file:
            self.name = f"folder:{folder.resolve().name}:{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
        longest = int(self._option("sentence_bert_config.json", "max_seq_length", 256))
        self._first_token = bool(self._option("1_Pooling/config.json", "pooling_mode_cls_token", False))
        try:
            self._session, self._tokenizer = _load_sentence_model(files[0], folder / "tokenizer.json", longest)
            self.dimensions = len(self.embed(["one text tells the width"])[0])
        except Exception as error:
            # Both libraries raise bare subclasses of Exception for files that they cannot use.
            raise InputError(
                f"the sentence model in {folder} cannot be used ({_first_line(error)})",
                PLACE,
                "Export it to ONNX again.",
            ) from error

    def _option(self, file: str, key: str, default: Any) -> Any:
        path = self._folder / file
        if not path.is_file():
            return default
        try:
            return json.loads(path.read_text(encoding="utf-8")).get(key) or default
        except (ValueError, AttributeError) as error:
            raise InputError(f"{path} is not a JSON object", PLACE, "Export the model again.") from error

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [vector for at in range(0, len(texts), self.BATCH) for vector in self._run(texts[at : at + self.BATCH])]

    def _run(self, texts: Sequence[str]) -> list[list[float]]:
        import numpy as np

        encodings = self._tokenizer.encode_batch(list(texts))
        mask = np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64)
        columns = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        wanted = {column.name: columns[column.name] for column in self._session.get_inputs() if column.name in columns}
        states = self._session.run(None, wanted)[0]
        if self._first_token:
            pooled = states[:, 0]
        else:
            pooled = (states * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1)
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        vectors: list[list[float]] = (pooled / np.maximum(lengths, 1e-12)).tolist()
        return vectors


def _load_sentence_model(model_file: Path, tokenizer_file: Path, longest: int) -> tuple[Any, Any]:
    import onnxruntime  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

    session = onnxruntime.InferenceSession(str(model_file), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokenizer.enable_truncation(max_length=longest)
    tokenizer.enable_padding()
    return session, tokenizer


class DownloadedEmbedding:
    """Chroma's default sentence model (all-MiniLM-L6-v2 in ONNX), downloaded once into the user's cache."""

    name = "chroma-default:all-MiniLM-L6-v2"
    dimensions = 384

    @cached_property
    def _function(self) -> Any:
        from chromadb.utils.embedding_functions.onnx_mini_lm_l6_v2 import ONNXMiniLM_L6_V2

        return ONNXMiniLM_L6_V2(preferred_providers=["CPUExecutionProvider"])

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        import httpx

        if not texts:
            return []
        try:
            return [[float(value) for value in vector] for vector in self._function(list(texts))]
        except (httpx.HTTPError, OSError, ValueError) as error:
            raise Outage(
                f"the sentence model cannot be downloaded or read ({_first_line(error)})",
                PLACE,
                'Connect once, use embedding = "folder:PATH", or use "lexical".',
            ) from error


class ProviderEmbedding:
    """An embedding model behind litellm; its key comes from the environment, as for every model."""

    BATCH = 64
    SECONDS = 60.0

    def __init__(self, model: str, *, api_base: str | None = None, api_key: str | None = None) -> None:
        self.name = model
        self._api_base, self._api_key = api_base, api_key

    @cached_property
    def dimensions(self) -> int:
        return len(self.embed(["one text tells the width"])[0])

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [vector for at in range(0, len(texts), self.BATCH) for vector in self._ask(texts[at : at + self.BATCH])]

    def _ask(self, texts: Sequence[str]) -> list[list[float]]:
        # Without this, importing litellm fetches a price table from the network.
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        import litellm
        import openai

        litellm.suppress_debug_info = True
        try:
            answer = litellm.embedding(
                model=self.name,
                input=list(texts),
                api_base=self._api_base,
                api_key=self._api_key,
                encoding_format="float",
                timeout=self.SECONDS,
                max_retries=0,
            )
        except (openai.AuthenticationError, openai.BadRequestError, openai.NotFoundError) as error:
            raise InputError(
                f"{self.name} cannot be used ({_first_line(error)})", PLACE, "Check the model's name and its key."
            ) from error
        except openai.OpenAIError as error:
            raise Outage(
                f"{self.name} does not answer ({_first_line(error)})", PLACE, "Try again when the provider is back."
            ) from error
        rows = sorted(answer.data, key=lambda row: int(row["index"]))
        return [[float(value) for value in row["embedding"]] for row in rows]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
