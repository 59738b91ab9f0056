"""The other side of a user's own metric: a process that loads one function and answers one JSON line with another.

Run as a script with two arguments, the folder that modules are looked for in and what to call (`module:function` or
`file.py:function`). It knows nothing of the product, and the product shares nothing with it but two pipes.
"""

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load(folder: Path, target: str) -> Callable[..., Any]:
    """The function that a target names; whatever its module raises when it is loaded."""
    where, _, name = target.rpartition(":")
    if where.endswith(".py"):
        found = importlib.util.spec_from_file_location("promptkeeper_metric", folder / where)
        if found is None or found.loader is None:
            raise ImportError(f"{where} cannot be loaded")
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
    else:
        module = importlib.import_module(where)
    function = getattr(module, name)
    if not callable(function):
        raise TypeError(f"{name} is not a function")
    return function  # type: ignore[no-any-return]


def said(function: Callable[..., Any], question: dict[str, Any]) -> dict[str, Any]:
    """What the function answers, as plain JSON; `error` where it raises or answers something else."""
    try:
        answer = function(question["output"], question["expected"], question["inputs"])
    except Exception as error:  # noqa: BLE001  # the user's own code may raise anything
        return {"error": _words(error)}
    score: Any = answer
    reason = ""
    if isinstance(answer, dict):
        score, reason = answer.get("score"), answer.get("reason", "")
    try:
        return {"score": float(score), "reason": str(reason)}
    except (TypeError, ValueError):
        return {"error": f"it answered {type(answer).__name__}, not a number or {{'score': …, 'reason': …}}"}


def main() -> None:
    """Load the function, say so, and answer until the pipe ends."""
    folder, target = Path(sys.argv[1]), sys.argv[2]
    # What the function prints must not get between the answers, so they leave by a copy that only this loop knows.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path.insert(0, str(folder))
    try:
        function = load(folder, target)
        first: dict[str, Any] = {"ready": True}
    except BaseException as error:  # noqa: BLE001  # a module may even call sys.exit when it is loaded
        first = {"error": _words(error)}
    print(json.dumps(first), file=answers, flush=True)
    if "error" in first:
        return
    for line in sys.stdin:
        print(json.dumps(said(function, json.loads(line))), file=answers, flush=True)


def _words(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


if __name__ == "__main__":
    main()
