"""Turn flat rows into test items: python to_items.py train.jsonl > learn.jsonl

A flat row is one JSON object with a column per variable and one for the right answer, as spreadsheets and many data
sets export them: {"id": "7", "account": "gold", "ticket": "My card …", "expected_output": "billing"}. An item is what
`promptkeeper datasets add` reads: {"inputs": {"account": "gold", "ticket": "My card …"}, "expected": "billing"}.
"""

import argparse
import json
import sys
from pathlib import Path


def main() -> None:
    """Read the file, write items to standard output."""
    parser = argparse.ArgumentParser(description="Flat JSON rows to test items.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--answer", default="expected_output", help="The column with the right answer.")
    parser.add_argument("--ignore", action="append", default=["id"], help="A column that is no variable.")
    options = parser.parse_args()
    for line in options.file.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        inputs = {name: value for name, value in row.items() if name not in {options.answer, *options.ignore}}
        sys.stdout.write(json.dumps({"inputs": inputs, "expected": row[options.answer]}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
