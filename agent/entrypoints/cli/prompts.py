"""`promptkeeper prompts`: the group; each deed is in a file of its own."""

from agent.entrypoints.cli.lazy import LazyGroup

HERE = "agent.entrypoints.cli"

command = LazyGroup(
    name="prompts",
    help="Keep prompts: versions, labels, differences, trends.\n\n"
    "A version is named by NAME (label production), NAME@3 or NAME:staging.",
    table={
        "add": (f"{HERE}.prompts_add", "Add a prompt, or a version of one, from a file."),
        "list": (f"{HERE}.prompts_look:list_command", "All prompts with their labels."),
        "show": (f"{HERE}.prompts_look:show_command", "One version: text, settings, variables, hash."),
        "history": (f"{HERE}.prompts_look:history_command", "All versions and every move of a label."),
        "diff": (f"{HERE}.prompts_text:diff_command", "What changed between two versions."),
        "label": (f"{HERE}.prompts_label", "Point a label at a version."),
        "render": (f"{HERE}.prompts_text:render_command", "Fill the variables of a version."),
        "trend": (f"{HERE}.prompts_trend", "Scores over time, versions marked."),
        "export": (f"{HERE}.prompts_bundle:export_command", "Write prompts to a file."),
        "import": (f"{HERE}.prompts_bundle:import_command", "Add the prompts of such a file."),
    },
)
