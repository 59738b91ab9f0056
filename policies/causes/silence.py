"""Did the model change behind its name? Nothing in a trace says so; what it does to everything else does.

A prompt whose text stayed the same does not answer the same messages worse by itself, nor does it change the manner of
its good answers. What is left as the prompt's own fault are kinds of message that fare worse while others hold, and a
loss that other prompts of the same model, looked at closely enough, did not share.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.causes.breadth import concentrated
from policies.causes.calls import Call, mean_lost
from policies.causes.exposure import Peer, falling, steady
from policies.causes.manner import UNCHANGED, Manner, manner
from policies.causes.parts import Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What speaks for a silent change. fell: prompts that fell as well; upstream: those that the monitor saw.

    spread: the loss is the same everywhere; even: it is, and no other prompt says that the model is what it was. Alone
    that is a doubt and no proof. again: pairs (now, before) of the same message that was answered well before.
    """

    fell: tuple[Peer, ...] = ()
    upstream: tuple[str, ...] = ()
    manner: Manner = UNCHANGED
    spread: bool = False
    even: bool = False
    again: tuple[tuple[Call, Call], ...] = ()

    @property
    def shown(self) -> bool:
        """Whether something besides the loss itself shows it."""
        return bool(self.fell or self.upstream or self.manner.style or (self.even and self.manner.slower is not None))

    @property
    def there(self) -> bool:
        """Whether what nothing else explains must be taken for the model's."""
        return self.shown or self.even


NOTHING_SILENT = Silence()


def silence(loss: Loss, peers: Sequence[Peer], upstream: Sequence[str]) -> Silence:
    """Look for a silent change of the model under a prompt that stayed the same."""
    spread = not concentrated(loss)
    held = steady(peers, mean_lost(loss.known) - mean_lost(loss.ground.before))
    changed = manner(loss)
    return Silence(
        fell=falling(peers),
        upstream=tuple(upstream),
        manner=changed,
        spread=spread,
        # Another pace and a loss that is the same everywhere outweigh other prompts that fared well.
        even=spread and (not held or changed.slower is not None),
        again=loss.ground.answered_otherwise,
    )
