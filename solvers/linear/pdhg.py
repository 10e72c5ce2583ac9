"""Primal-dual hybrid gradient for linear programs: two matrix products and some clamps a step, on a CPU or GPU."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from formulations.problem import Floats
from solvers.linear.linear_program import Arrays

if TYPE_CHECKING:
    from torch import Tensor

SHORTEST_EPOCH = 16  # steps; each evaluation of the restart criteria makes the CPU wait for the device
SUFFICIENT_DECAY, NECESSARY_DECAY = 0.2, 0.8  # of ||T(z) - z|| in an epoch: restart at once, or as soon as it rises
LONGEST_EPOCH = 0.2  # as a share of all steps so far
TORCH_NONZEROS = 1_000_000  # from which torch multiplies on a CPU; below, scipy is faster and uses one core


class PrimalDual:
    """Restarted Halpern iterations of the primal-dual hybrid gradient method, on the Lagrangian c'x + y'(b - A x).

    With x and y scaled so that both steps have length 1 and K, the scaled A, has ||K|| < 1, one step T is

        x+ = clamp(x - c + K'y, lower, upper)               down the Lagrangian in x, back into its box
        s  = K(2 x+ - x) - y
        y+ = clamp(s, row_lower, row_upper) - s             up in y: y > 0 multiplies row_lower, y < 0 row_upper

    and an iteration moves z = (x, y) to a (2 T(z) - z) + (1 - a) z0 with a = (k + 1) / (k + 2): reflected, and averaged
    with Halpern's anchor z0, where the epoch started. The method restarts from T(z) once ||T(z) - z|| is well below its
    value at z0, with a new primal weight: x is multiplied and y divided by its root, so that both would have moved
    equally far.

    Chambolle & Pock, A first-order primal-dual algorithm for convex problems with applications to imaging, 2011;
    Pock & Chambolle, Diagonal preconditioning for first order primal-dual algorithms in convex optimization, 2011;
    Applegate et al., Practical large-scale LP using primal-dual hybrid gradient (PDLP), and Infeasibility detection
    with it, 2021; Lu & Yang, Restarted Halpern PDHG for LP, 2024; Lu, Peng & Yang, cuPDLPx, 2025.

    >>> one = np.ones(2)
    >>> lp = Arrays(np.array([1.0, 2.0]), csr_array([one]), one[:1], one[:1], 0 * one, one)  # min x + 2 y, x + y = 1
    >>> method = PrimalDual(lp)
    >>> method.run(500)
    >>> method.x.round(6).tolist(), max(method.residuals()) < 1e-6
    ([1.0, 0.0], True)
    """

    def __init__(self, lp: Arrays, device: str = "cpu", seed: int = 0) -> None:
        """Scale the arrays and move them to the device, all as float64; start at the point of the box nearest to 0.

        The seed is for the estimate of ||K||. Runs are reproducible bit by bit on a CPU, not on every GPU.
        """
        import torch

        tensor = partial(torch.tensor, dtype=torch.float64, device=device)
        self.iterations, self._lp, (m, n) = 0, lp, lp.A.shape
        K, rows, columns = equilibrated(lp.A)
        start = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(device)
        length = 0.995 / max(norm(product(K, device), product(csr_array(K.T), device), start), 1e-6)  # of both steps
        self._K, self._KT = product(K * length, device), product(csr_array(K.T * length), device)
        rows, columns = rows * math.sqrt(length), columns * math.sqrt(length)

        boxes, sides = np.array([lp.lower, lp.upper]), np.array([lp.row_lower, lp.row_upper])
        b = abs(np.where(np.isfinite(sides), sides, 0)).max(axis=0)
        self._sizes = 1 + float(np.linalg.norm(b)), 1 + float(np.linalg.norm(lp.c))
        self._nonnegative = not lp.lower.any() and bool(np.all(lp.upper == np.inf))
        self._scale, self._base_c = tensor(np.r_[columns, rows]), tensor(lp.c * columns)
        self._base_limits = tensor(np.c_[boxes / columns, sides * rows])
        self._c, self._limits = self._base_c.clone(), self._base_limits.clone()  # for the current weight

        # A column in no row starts at its optimal bound, which steps might take long to reach.
        bound = np.where(lp.c > 0, lp.lower, np.where(lp.c < 0, lp.upper, 0.0))
        isolated = (np.bincount(lp.A.indices, minlength=n) == 0) & np.isfinite(bound)
        x = np.clip(np.where(isolated, bound, 0.0), *boxes) / columns
        self._points = tensor(np.r_[x, np.zeros(m)]).repeat(4, 1)  # the next z; T(z) and 2 T(z) - z of the last z; z0
        self._k, self._next, self._last, self._weight = 0, 1, math.inf, 1.0
        self._reweigh(float((1 + np.linalg.norm(lp.c * columns)) / (1 + np.linalg.norm(b * rows))))

    def run(self, iterations: int) -> None:
        """Take so many steps, restarting where that is due."""
        import torch

        n, c, (z, new, mirrored, z0), (low, high) = len(self._c), self._c, self._points, self._limits[:, len(self._c) :]
        x, y, new_x, new_y, mirrored_x, s = z[:n], z[n:], new[:n], new[n:], mirrored[:n], mirrored[n:]
        lower, upper = (0.0, None) if self._nonnegative else self._limits[:, :n]
        with torch.inference_mode():
            while iterations > 0:
                steps = min(self._next - self._k, iterations)
                for k in range(self._k, self._k + steps):
                    torch.sub(x, c, out=new_x).add_(self._KT(y))
                    torch.clamp(new_x, lower, upper, out=new_x)
                    torch.lerp(x, new_x, 2.0, out=mirrored_x)
                    torch.sub(self._K(mirrored_x), y, out=s)
                    torch.clamp(s, low, high, out=new_y).sub_(s)
                    torch.lerp(y, new_y, 2.0, out=s)
                    torch.lerp(z0, mirrored, (k + 1) / (k + 2), out=z)
                self._k, self.iterations, iterations = self._k + steps, self.iterations + steps, iterations - steps
                if self._k == self._next:
                    self._restart_if_due()

    def _restart_if_due(self) -> None:
        """Restart from T(z), with a new primal weight, if one of the criteria holds."""
        n, (z, new, mirrored, z0) = len(self._c), self._points
        step, moved = mirrored - new, new - z0
        size = step @ step + 2 * (step[n:] @ self._K(step[:n]))  # squared, in the norm in which T is nonexpansive
        if self._k == 1:
            self._first, self._next = size, SHORTEST_EPOCH  # not read yet: the CPU would wait for the device
            return
        first, now = (math.sqrt(max(float(square), 0)) for square in (self._first, size))
        rising, self._last = now > self._last, now
        self._next += max(SHORTEST_EPOCH, self._k // 2)
        if (
            now <= SUFFICIENT_DECAY * first
            or (now <= NECESSARY_DECAY * first and rising)
            or self._k >= LONGEST_EPOCH * self.iterations
        ):
            self._k, self._next, self._last = 0, 1, math.inf
            dx, dy = float(moved[:n].norm()), float(moved[n:].norm())
            factor = min(max(dy / dx, 1 / 8), 8.0) if min(dx, dy) > 1e-16 else 1.0  # a short epoch may mislead
            if 1e-16 < self._weight * factor < 1e16:  # it may diverge where there is no optimum
                self._reweigh(factor)
            z.copy_(z0.copy_(new))

    def _reweigh(self, factor: float) -> None:
        """Multiply the primal weight, and scale points, costs and limits by its square root."""
        n, self._weight = len(self._c), self._weight * factor
        self._points[:, :n] *= math.sqrt(factor)
        self._points[:, n:] /= math.sqrt(factor)
        self._c.copy_(self._base_c).div_(math.sqrt(self._weight))
        self._limits.copy_(self._base_limits).mul_(math.sqrt(self._weight))

    def _unscaled(self, z: Tensor) -> tuple[Floats, Floats]:
        """(x, y) in the units of the program."""
        n, root, values = len(self._c), math.sqrt(self._weight), (z * self._scale).cpu().numpy()
        return values[:n] / root, values[n:] * root

    @property
    def x(self) -> Floats:
        """The last T(z), in the box."""
        return np.clip(self._unscaled(self._points[1])[0], self._lp.lower, self._lp.upper)

    @property
    def y(self) -> Floats:
        """The multipliers of the last T(z); none is of an infinite side."""
        return self._unscaled(self._points[1])[1]

    def rays(self) -> tuple[Floats, Floats]:
        """T(z) - z, projected onto the recession cones of the bounds, scaled to largest entry 1.

        If the program is unbounded, x tends to a ray of descent; if it is infeasible, y tends to a Farkas proof.
        """
        lp, inf, (x, y) = self._lp, np.inf, self._unscaled(self._points[2] - self._points[1])
        x = np.clip(x, np.where(lp.lower > -inf, 0, -inf), np.where(lp.upper < inf, 0, inf))
        y = np.clip(y, np.where(lp.row_upper < inf, -inf, 0), np.where(lp.row_lower > -inf, inf, 0))
        return x / max(abs(x).max(initial=0), 1e-300), y / max(abs(y).max(initial=0), 1e-300)

    def residuals(self) -> tuple[float, float, float]:
        """Relative primal and dual residual and gap, as in PDLP: reduced costs of infinite bounds are residuals."""
        import torch

        n, root, (low, high), new = len(self._c), math.sqrt(self._weight), self._limits, self._points[1]
        Ax, reduced = self._K(new[:n]), self._c - self._KT(new[n:])
        kept = reduced.masked_fill(low[:n].where(reduced > 0, high[:n]).isinf(), 0)
        primal = float(((Ax.clamp(low[n:], high[n:]) - Ax) / self._scale[n:]).norm()) / root
        dual = float(((reduced - kept) / self._scale[:n]).norm()) * root
        slopes = torch.cat((kept, new[n:]))  # whose products with infinite limits are 0 * infinity: 0
        products = (low.where(slopes > 0, high) * slopes).nan_to_num()
        value, bound = float(self._c @ new[:n]), float(products.sum())
        return primal / self._sizes[0], dual / self._sizes[1], abs(value - bound) / (1 + abs(value) + abs(bound))


def equilibrated(A: csr_array) -> tuple[csr_array, Floats, Floats]:
    """K = rows A columns, thrice divided by the roots of absolute sums (Pock & Chambolle), so that ||K|| <= 1.

    >>> K, rows, columns = equilibrated(csr_array([[4.0, 0.0], [0.0, 9.0]]))
    >>> K.toarray().tolist(), (rows * columns * [4, 9]).tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0])
    """
    K, rows, columns = A.astype(np.float64), np.ones(A.shape[0]), np.ones(A.shape[1])
    for _ in range(3):
        row, column = (1 / np.sqrt(np.where(sums > 0, sums, 1)) for sums in (abs(K).sum(axis=1), abs(K).sum(axis=0)))
        K.data *= np.repeat(row, np.diff(K.indptr)) * column[K.indices]
        rows, columns = rows * row, columns * column
    return K, rows, columns


def product(M: csr_array, device: str) -> Callable[[Tensor], Tensor]:
    """v -> M v for float64 tensors on the device."""
    import torch

    starts, columns = M.indptr.astype(np.int32), M.indices.astype(np.int32)  # MKL would convert longer ones each time
    if torch.device(device).type == "cpu" and M.nnz < TORCH_NONZEROS:
        M = csr_array((M.data, columns, starts), shape=M.shape)
        return lambda v: torch.from_numpy(M @ v.numpy())
    first, index, values = (torch.tensor(array, device=device) for array in (starts, columns, M.data))
    with warnings.catch_warnings():  # "beta state"
        warnings.simplefilter("ignore")
        return partial(torch.mv, torch.sparse_csr_tensor(first, index, values, size=M.shape, check_invariants=False))


def norm(K: Callable[[Tensor], Tensor], KT: Callable[[Tensor], Tensor], v: Tensor) -> float:
    """||K|| to 0.1 % or so by 40 Lanczos steps on K'K from v; as many power iterations err by 3 %: T diverges."""
    import torch

    v, last, T = v / v.norm().clamp(min=1e-300), torch.zeros_like(v), v.new_zeros(41, 41)
    for k in range(40):
        u = KT(K(v)) - T[k - 1, k] * last
        T[k, k] = u @ v
        u -= T[k, k] * v
        T[k, k + 1] = T[k + 1, k] = u.norm()
        last, v = v, u / T[k, k + 1].clamp(min=1e-300)
    return math.sqrt(max(float(torch.linalg.eigvalsh(T[:40, :40])[-1]), 0))
