"""An evaluation as JUnit XML: one test case per answer, as build servers show them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from library.datasets import Item
from library.errors import InputError

if TYPE_CHECKING:
    from tools.evaluation import Outcome

PASSED = 0.5
"""Answers below this score are failures; those that could not be scored are errors."""
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(file: Path, head: Mapping[str, Any], items: Sequence[Item], outcomes: "Sequence[Outcome]") -> None:
    """Write the file; InputError where that cannot be done."""
    failures = [o for o in outcomes if o.score is not None and o.score < PASSED]
    errors = [o for o in outcomes if o.score is None]
    counts = {"tests": len(outcomes), "failures": len(failures), "errors": len(errors)}
    suite = ElementTree.Element(
        "testsuite", {"name": f"{head['prompt']}@{head['version']}", **{k: str(n) for k, n in counts.items()}}
    )
    segments = {item.id: item.segment or "other" for item in items}
    for outcome in outcomes:
        name = outcome.item_id if outcome.repeat == 0 else f"{outcome.item_id} repeat {outcome.repeat}"
        place = f"{head['prompt']}.{head['dataset']}.{segments[outcome.item_id]}"
        seconds = f"{outcome.latency_ms / 1000:.3f}"
        case = ElementTree.SubElement(suite, "testcase", {"name": name, "classname": place, "time": seconds})
        if outcome.score is None or outcome.score < PASSED:
            kind = "error" if outcome.score is None else "failure"
            message = outcome.reason if outcome.score is None else f"{outcome.score:.3f}: {outcome.reason}"
            told = ElementTree.SubElement(case, kind, {"type": outcome.kind, "message": NOT_XML.sub("?", message)})
            told.text = NOT_XML.sub("?", outcome.output)
    try:
        ElementTree.ElementTree(suite).write(file, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", str(file), "Name another file.") from error
