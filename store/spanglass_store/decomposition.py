"""The change of a sum of products, split among the factors of the products. Pure; knows nothing of money or models.

The method is the additive logarithmic mean Divisia index, LMDI-I (Ang, B. W. and Liu, F. L., "A new energy decomposition
method: perfect in decomposition and consistent in aggregation", Energy 26, 2001; Ang, "LMDI decomposition approach: a
guide for implementation", Energy Policy 86, 2015). Where V is the sum over terms of x1·x2·…·xn, factor k has the effect

    sum over terms of L(v_after, v_before) · ln(xk_after / xk_before),   L(a, b) = (a - b) / ln(a / b),  L(a, a) = a

The effects add up to the difference without a remainder: what factors do together is not a part of its own, each gets
of it in proportion to the logarithm of its own change. Before and after exchanged change the sign of every effect.

Zeros are taken at their limit (Ang, B. W. and Liu, N., "Handling zero values in the logarithmic mean Divisia index
decomposition approach", Energy Policy 35, 2007): a term that appears or vanishes is all the effect of the factor that
was or became zero; of several such factors, of the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Factors = Sequence[float]
"""The factors of one term, none negative, in an order that is the same for every term; 0 where there is nothing."""


def effects(terms: Iterable[tuple[Factors, Factors]]) -> list[float]:
    """The effect of each factor, in the unit of the terms' products, from the (before, after) factors of every term.

    A factor that cannot be told in one period, since the term has no value there, does not change anything: only the
    first zero in the order of the factors is held responsible. Empty without terms.
    """
    of_terms = [_effects(before, after) for before, after in terms]
    return [math.fsum(of_factor) for of_factor in zip(*of_terms, strict=True)]


def _effects(before: Factors, after: Factors) -> list[float]:
    value_before, value_after = math.prod(before), math.prod(after)
    if value_before == 0 or value_after == 0:
        absent = before if value_before == 0 else after
        responsible = next(place for place, factor in enumerate(absent) if factor == 0)
        return [value_after - value_before if place == responsible else 0.0 for place in range(len(absent))]
    weight = logarithmic_mean(value_after, value_before)
    return [weight * math.log(b / a) for a, b in zip(before, after, strict=True)]


def logarithmic_mean(a: float, b: float) -> float:
    """Of two positive numbers: between their geometric and their arithmetic mean, and ``a`` where both are the same."""
    growth = (a - b) / b
    if growth == 0:
        return b
    return (a - b) / (math.log1p(growth) if abs(growth) < 0.5 else math.log(a / b))
