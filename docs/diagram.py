"""Print the diagram in the README from the graph itself: python docs/diagram.py [--write]"""

import re
import sys
from pathlib import Path
from typing import cast

from agent.graph import build_graph
from agent.services import Services

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"(?<=<!-- graph -->\n)```mermaid\n.*?```", re.DOTALL)


def drawn() -> str:
    """The graph as a Mermaid block; the services are bound to the steps but not used by drawing."""
    text = build_graph(cast(Services, None), None).get_graph().draw_mermaid(with_styles=False)
    lines = [line.replace("&nbsp;", " ").rstrip().rstrip(";").replace("\t", "    ") for line in text.splitlines()]
    return "```mermaid\n" + "\n".join(line for line in lines if line.strip()) + "\n```"


if __name__ == "__main__":
    if "--write" in sys.argv:
        README.write_text(BLOCK.sub(lambda _: drawn(), README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(drawn() + "\n")
