"""Length: an absolute limit blocks, growth beyond the agreed factor flags."""

from collections.abc import Iterator

from policies.guardrails.scene import Scene, finding
from policies.verdict import Finding


def check_length(scene: Scene) -> Iterator[Finding]:
    """Characters of all template text; the subject's budget and the policy file's, whichever is tighter."""
    before, after = len(scene.before), len(scene.after)
    limits = [v for v in (scene.policy.max_chars, scene.budget("max_chars")) if v is not None]
    growths = [v for v in (scene.policy.max_growth, scene.budget("max_growth")) if v is not None]
    if limits and after > min(limits) and after > before:
        yield finding(
            "length-budget",
            "max-chars",
            "block",
            f"{after} characters, the limit is {min(limits):.0f}",
            fix_hint=f"Shorten the prompt to {min(limits):.0f} characters.",
        )
    elif growths and before and after > before * min(growths):
        yield finding(
            "length-budget",
            "max-growth",
            "flag",
            f"grew {after / before:.1f} times ({before} -> {after} characters), agreed is {min(growths):g} times",
            fix_hint=f"Stay under {before * min(growths):.0f} characters.",
        )
