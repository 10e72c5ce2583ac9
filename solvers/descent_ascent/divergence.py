"""Why a game left the finite numbers: which sampler, term or step was the first that was not finite."""

from __future__ import annotations

from torch import Tensor

from solvers.descent_ascent.play import SIDES, Evaluation, Play
from solvers.descent_ascent.terms import named

GROWN = 1e6  # size of parameters from which it is the steps that are too large
FINITE = "keep what it computes finite, as by clamp, or softplus(x) for log(1 + exp(x))"
SMALLER = "take smaller steps"


def reason(play: Play, k: int) -> str:
    """What was not finite first in the last step of a member, which stands again where it began: a sentence.

    Of several processes it is what one says in whose share of the samples it was.
    """
    here = not all(_finite(seen, k) for seen in play.log)
    return max(play.processes.all_of((here, _reason(play, k))), key=lambda told: told[0])[1]


def _finite(seen: Evaluation, k: int) -> bool:
    """Whether a member's gradients were finite."""
    return all(bool(slope[k].isfinite().all()) for slope in seen.slopes.values())


def _reason(play: Play, k: int) -> str:
    begun = max(float(player.flat[k].abs().max()) for player in play.players.values() if player.flat.numel())
    for n, seen in enumerate(play.log):
        if _finite(seen, k):
            continue
        if not all(bool(point[k].isfinite()) for point in seen.points.values()):
            break
        largest = max((float(point[k]) for point in seen.points.values()), default=begun)
        sizes, remedy = f"the largest parameter being {largest:.3g}", SMALLER if largest > GROWN else FINITE
        for name, samples in seen.drawn.items():
            if not _all_finite(samples[k]):
                return f"the sampler {name!r} draws {_shown(samples[k])}; leave such samples out"
        for where, values in seen.values.items():
            if not _all_finite(values[k]):
                return f"{named(where, play.terms[where])} is {_shown(values[k])}, {sizes}; {remedy}"
        terms = [where for where in seen.values if n == 0 and not _slope_is_finite(play, where, seen, k)]
        of = " and ".join(named(where, play.terms[where]) for where in terms or seen.values)
        return f"{of} is finite but its gradient is not, {sizes}; {remedy}"
    return f"the gradients are finite but the step is not, from parameters of at most {begun:.3g}; {SMALLER}"


def _all_finite(x: Tensor) -> bool:
    return not x.is_floating_point() or bool(x.isfinite().all())


def _shown(x: Tensor) -> str:
    """What it is where it is not finite, and how often."""
    flat = x.reshape(len(x), -1) if x.ndim else x.reshape(1, 1)
    bad = ~flat.isfinite()
    first = float(flat[bad][0])
    return f"{first}" if len(flat) == 1 else f"{first} in {int(bad.any(dim=1).sum())} of {len(flat)} samples"


def _slope_is_finite(play: Play, where: str, seen: Evaluation, k: int) -> bool:
    """Whether a term's own gradient is finite where the step began."""
    with play.aside(play.generators):
        for side in SIDES:
            player = play.players[side]
            found = play.differentiate([(1, where)], [side], Evaluation(seen.drawn, {}))
            player.set_gradient(found)
            if not bool(player.gradient[k].isfinite().all()):
                return False
    return True
