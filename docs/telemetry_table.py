"""Writes the table of accepted attributes in telemetry.md from the data that the server reads them by.

python docs/telemetry_table.py
"""

from pathlib import Path

from agent.entrypoints.web.otlp.dialects import DIALECTS, SOURCES

PAGE = Path(__file__).with_name("telemetry.md")
BEGIN, END = "<!-- attributes: begin -->\n", "<!-- attributes: end -->"


def table() -> str:
    """One row for each field and convention, in order of precedence."""
    lines = ["| field | convention | attributes |", "|---|---|---|"]
    for field in dict.fromkeys(source.field for source in SOURCES):
        for dialect in DIALECTS:
            names = [
                f"`{source.attribute}{'*' if source.attribute.endswith('.') else ''}`"
                + (f" → `{source.part}`" if source.part else "")
                for source in SOURCES
                if (source.field, source.dialect) == (field, dialect)
            ]
            if names:
                lines.append(f"| {field} | {dialect} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the table where it belongs."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{table()}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
