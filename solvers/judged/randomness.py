"""torch's global random numbers, which layers of torch.nn start from and dropout uses, as a game alone sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


class GlobalNumbers:
    """A stream of global random numbers of its own: while it is in use, the user's own stands still.

    >>> own, before = GlobalNumbers(0), torch.get_rng_state()
    >>> with own.used():
    ...     first = torch.rand(1)
    >>> with own.used():
    ...     second = torch.rand(1)
    >>> bool(first == second), torch.equal(torch.get_rng_state(), before)
    (False, True)
    """

    def __init__(self, seed: int, device: str | torch.device = "cpu") -> None:
        """The numbers as after torch.manual_seed(seed)."""
        self._cuda = torch.device(device).type == "cuda"
        before = self._now()
        torch.default_generator.manual_seed(seed)
        if self._cuda:
            torch.cuda.manual_seed(seed)
        self.state = self._now()
        self._set(before)

    @contextmanager
    def used(self) -> Iterator[None]:
        """Go on with these numbers, and put the user's own back after it."""
        before = self._now()
        self._set(self.state)
        try:
            yield
        finally:
            self.state = self._now()
            self._set(before)

    def _now(self) -> list[Tensor]:
        return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if self._cuda else [])]

    def _set(self, state: Sequence[Tensor]) -> None:
        torch.set_rng_state(state[0])
        if self._cuda:
            torch.cuda.set_rng_state(state[1])
