"""Reading files and standard input: text, JSON, JSON lines. Every mistake is one line that names file and line."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from agent.entrypoints.rows import Row, parse_json
from library.errors import InputError, NotFound

STDIN = "-"
BOM = b"\xef\xbb\xbf"


def read_text(file: str) -> str:
    """The whole file as UTF-8, exactly as it is; `-` reads standard input."""
    if file == STDIN:
        return _decode(sys.stdin.buffer.read(), "standard input")
    with _opened(file) as stream:
        return _decode(stream.read(), file)


def read_json(file: str) -> Any:
    """The JSON value that a file holds."""
    return parse_json(read_text(file), file)


def rows(file: str) -> Iterator[Row]:
    """The lines of a JSON-lines file that are not blank, one at a time; line numbers count from 1."""
    with _opened(file) as stream:
        for number, raw in enumerate(stream, 1):
            place = f"{file}, line {number}"
            text = _decode(raw.removeprefix(BOM) if number == 1 else raw, place).strip()
            if text:
                yield Row(place, number, text)


def _opened(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except FileNotFoundError as error:
        raise NotFound("no such file", file, "Check the path.") from error
    except IsADirectoryError as error:
        raise InputError("this is a folder, not a file", file, "Name a file.") from error
    except PermissionError as error:
        raise InputError("the file may not be read", file, "Check its permissions.") from error


def _decode(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        where = f" at line {line}" if ", line " not in place else ""
        raise InputError(f"not UTF-8 text (byte {error.start}{where})", place, "Save it as UTF-8.") from error
