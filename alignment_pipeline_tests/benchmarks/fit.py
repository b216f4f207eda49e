"""Fitting the weights of evidence from labelled leads.

Belongs here: the likelihood and its maximum, in NumPy. A lead's candidates and "no account" compete:
P(account) = exp(score) / (1 + sum exp(score)), so that homonyms share their probability and the evidence of a pair adds up to its score.
`make fit-match` refits; the file it writes is read by `matching/evidence/weights.py`. No name, domain or label of the training set
is kept, only one number per column of `columns.COLUMNS`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
MEMORY = 12


def probabilities(scores: Array, lead: npt.NDArray[np.int64], leads: int) -> tuple[Array, Array]:
    """P(pair) and P(no account) per lead, from scores of pairs."""
    ceiling = np.zeros(leads)
    np.maximum.at(ceiling, lead, scores)
    powers = np.exp(scores - ceiling[lead])
    none = np.exp(-ceiling)
    total = none + np.bincount(lead, weights=powers, minlength=leads)
    return powers / total[lead], none / total


def loss(
    weights: Array, matrix: Array, lead: npt.NDArray[np.int64], right: npt.NDArray[np.bool_], leads: int, penalty: Array, prior: Array
) -> tuple[float, Array]:
    """Penalised negative log-likelihood and gradient; a lead without a right candidate should end as no account."""
    pair, none = probabilities(matrix @ weights, lead, leads)
    has = np.bincount(lead, weights=right.astype(float), minlength=leads) > 0
    mass = np.where(has, np.bincount(lead, weights=pair * right, minlength=leads), none)
    mass = np.maximum(mass, 1e-12)
    share = np.where(right, pair / mass[lead], 0.0)
    gradient = matrix.T @ (pair - np.where(has[lead], share, 0.0))
    away = weights - prior
    return float(-np.log(mass).sum() + 0.5 * (penalty * away**2).sum()), gradient + penalty * away


def minimise(function: Callable[[Array], tuple[float, Array]], start: Array, *, steps: int = 400, tolerance: float = 1e-4) -> Array:
    """Limited-memory BFGS with backtracking: the problem is small and smooth, so no further dependency is needed."""
    point = start.copy()
    history: list[tuple[Array, Array]] = []
    value, gradient = function(point)
    for _ in range(steps):
        direction = -_two_loop(gradient, history)
        slope = float(direction @ gradient)
        if slope >= 0:
            direction, slope, history = -gradient, -float(gradient @ gradient), []
        size = 1.0 if history else 1.0 / max(1.0, float(np.abs(gradient).sum()))
        while True:
            moved, new_gradient = function(point + size * direction)
            if moved <= value + 1e-4 * size * slope or size < 1e-10:
                break
            size *= 0.5
        change, turn = size * direction, new_gradient - gradient
        if float(change @ turn) > 1e-12:
            history = [*history, (change, turn)][-MEMORY:]
        point, done = point + change, value - moved < tolerance
        value, gradient = moved, new_gradient
        if done:
            break
    return point


def _two_loop(gradient: Array, history: list[tuple[Array, Array]]) -> Array:
    vector, alphas = gradient.copy(), []
    for change, turn in reversed(history):
        alpha = float(change @ vector) / float(change @ turn)
        alphas.append(alpha)
        vector -= alpha * turn
    if history:
        change, turn = history[-1]
        vector *= float(change @ turn) / float(turn @ turn)
    for (change, turn), alpha in zip(history, reversed(alphas), strict=True):
        vector += change * (alpha - float(turn @ vector) / float(change @ turn))
    return vector


def fit_weights(
    matrix: Array,
    lead: npt.NDArray[np.int64],
    right: npt.NDArray[np.bool_],
    leads: int,
    *,
    penalty: Array,
    prior: Array,
    sign: npt.NDArray[np.int64],
) -> Array:
    """One weight per column, drawn to `prior` by `penalty`; `sign` is 1 or -1 where the direction is known beforehand, else 0.

    A column that comes out with the wrong sign is held at zero and the rest is fitted again: a few labels never teach that a same domain
    speaks against an account. A column that no labelled lead shows keeps its prior.
    """
    free = np.ones(matrix.shape[1], dtype=bool)
    while True:
        objective = functools.partial(
            loss, matrix=matrix[:, free], lead=lead, right=right, leads=leads, penalty=penalty[free], prior=prior[free]
        )
        weights = np.zeros(matrix.shape[1])
        weights[free] = minimise(objective, prior[free])
        wrong = weights * sign < 0
        if not wrong.any():
            return weights
        free &= ~wrong
