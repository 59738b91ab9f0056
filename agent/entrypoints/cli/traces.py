"""`promptkeeper traces`: the group; each deed is in a file of its own."""

from agent.entrypoints.cli.lazy import LazyGroup

HERE = "agent.entrypoints.cli"

command = LazyGroup(
    name="traces",
    help="Import, replay, look at and erase production calls.",
    table={
        "import": (f"{HERE}.traces_import", "Import calls and their scores from JSON lines."),
        "replay": (f"{HERE}.replay", "Run the production version over real inputs, at their own times."),
        "judge": (
            f"{HERE}.traces_judge",
            "Score new calls now: metrics without a reference, sessions, the judge's sample.",
        ),
        "list": (f"{HERE}.traces_look:list_command", "Calls, newest first."),
        "show": (f"{HERE}.traces_look:show_command", "One call with its scores."),
        "delete": (f"{HERE}.traces_delete", "Erase calls everywhere."),
        "expire": (f"{HERE}.traces_expire", "Let go of calls that are older than the rulebook keeps them."),
    },
)
