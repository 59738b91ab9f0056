"""Which learn items a teacher may really be shown: none whose text holds the text of an item that proves gains."""

from collections.abc import Sequence

from library.datasets import Item, normalised

SHORTEST = 8  # characters of a normalised text below which containing it means nothing ("yes", "hello")


def tellable(learn: Sequence[Item], secret: Sequence[Item]) -> list[Item]:
    """Learn items that do not contain, as a whole, the text of a select, gate or anchor item.

    Equal texts share a role already; this is about longer ones ("my card was stolen" in "my card was stolen today").
    """
    hidden = sorted({text for i in secret if len(text := _text(i)) >= SHORTEST}, key=len)
    return [item for item in learn if not any(f" {text} " in f" {_text(item)} " for text in hidden)]


def _text(item: Item) -> str:
    return normalised(item.inputs)
