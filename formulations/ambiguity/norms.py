"""Norms of order 1, 2 and inf: their duals, and their unit balls."""

from __future__ import annotations

import math

import numpy as np

from formulations.arithmetic.rounding import ROUNDOFF
from formulations.problem import Floats


def dual_norm(w: Floats, order: float) -> float:
    """The dual of the norm of that order: the largest d'w over |d| <= 1.

    >>> dual_norm(np.array([3.0, -4.0]), np.inf)
    7.0
    """
    return float(np.linalg.norm(w, {1: np.inf, 2: 2, math.inf: 1}[order]))


def steepest(w: Floats, order: float) -> Floats:
    """The d with |d| = 1 whose d'w is the dual norm of w.

    >>> steepest(np.array([3.0, -4.0]), 1)
    array([ 0., -1.])
    """
    if order == math.inf:
        return np.where(w < 0, -1.0, 1.0)
    d = np.zeros_like(w)
    if order == 1 or not w.any():
        d[np.abs(w).argmax()] = math.copysign(1.0, w[np.abs(w).argmax()])
        return d
    return np.asarray(w / np.linalg.norm(w))


def nearest(d: Floats, order: float) -> Floats:
    """The nearest to d of the vectors whose norm of that order is at most 1, but for rounding.

    >>> nearest(np.array([2.0, 0.5]), np.inf), nearest(np.array([2.0, 0.5]), 1)
    (array([1. , 0.5]), array([1., 0.]))
    """
    least = 1 - 4 * ROUNDOFF * len(d)
    if order == math.inf:
        return d.clip(-1, 1)
    length = float(np.linalg.norm(d, order))
    if length <= least:
        return d
    if order == 2:
        return np.asarray(d * (least / length))
    sizes = np.sort(np.abs(d))[::-1]
    k = np.arange(1, len(d) + 1)
    cuts = (np.cumsum(sizes) - least) / k
    cut = cuts[np.flatnonzero(sizes > cuts)[-1]]
    return np.asarray(np.sign(d) * np.maximum(np.abs(d) - cut, 0.0))


def around(d: Floats, order: float) -> Floats:
    """How far d, of norm 1 by that order, may move without leaving the unit ball: a positive semidefinite matrix.

    >>> around(np.array([1.0, 0.5]), np.inf)
    array([[0.  , 0.  ],
           [0.  , 0.75]])
    """
    if order == math.inf:
        return np.diag(1 - d**2)
    return np.diag(np.abs(d) if order == 1 else np.ones(len(d))) - np.outer(d, d)
