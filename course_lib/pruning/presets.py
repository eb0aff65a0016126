"""The methods of the course by name: each is one choice of score, unit, scope and amount."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from course_lib.axes import amounts
from course_lib.errors import CourseError
from course_lib.pruning.pruners import Pruner


class L1NormPruner(Pruner):
    """Remove the filters of smallest L1 norm until the share `sparsity` of each layer's filters is gone (Li et al. 2017).

    scope "global" ranks all layers together, by the L1 norm divided by the fan-in. unit "neuron" does the same to the rows
    of linear layers, for networks without filters.

    >>> L1NormPruner(0.3, scope="global").score
    'l1_mean'
    """

    def __init__(self, sparsity: float = 0.5, scope: str = "layer", unit: str | tuple[str, ...] = "filter") -> None:
        super().__init__("l1_mean" if scope == "global" else "l1", unit, scope, amounts.target(sparsity))


class ActivationPruner(Pruner):
    """Remove filters and neurons that stay silent on training images (Hu et al. 2016).

    Args:
        statistic: "mean" activation, or "apoz", which scores 1 - APoZ, the share of activations that are not zero.
        threshold: fixed: goes if its score is below; a list gives one value a round, and the last repeats.
        deviations: variable: goes if its score is below mean - deviations * std of the layer's survivors.
        quantile: the lowest share of the layer's survivors goes, each round. sparsity: target share of each layer's units.
            Exactly one of these four is given.
        cap: the largest share of a layer's survivors that one round may take: 0.5 if None, 1 with `sparsity`.
        history: K: goes only if the rule takes it in each of the last K epochs of training; needs a recording.

    >>> ActivationPruner("apoz", deviations=1.0).amount
    variable(deviations=1.0)
    """

    def __init__(
        self,
        statistic: str = "mean",
        threshold: float | Sequence[float] | None = None,
        deviations: float | None = None,
        quantile: float | None = None,
        sparsity: float | None = None,
        *,
        units: str | tuple[str, ...] = ("filter", "neuron"),
        layers: Sequence[str] | None = None,
        samples: int = 1024,
        seed: int = 0,
        cap: float | None = None,
        history: int | None = None,
    ) -> None:
        values = {"threshold": threshold, "deviations": deviations, "quantile": quantile, "sparsity": sparsity}
        given = [name for name, value in values.items() if value is not None]
        if len(given) != 1:
            what = f"{' and '.join(given)} were given" if given else "none of them was given"
            raise CourseError(f"{what}; exactly one of {', '.join(values)} is expected.")
        if statistic not in ("mean", "apoz"):
            raise CourseError(f"statistic={statistic!r} was given; it can be 'mean' or 'apoz'.")
        amount: amounts.Amount
        if threshold is not None:
            amount = amounts.fixed(threshold)
        elif deviations is not None:
            amount = amounts.variable(deviations)
        elif quantile is not None:
            amount = amounts.quantile(quantile)
        elif sparsity is not None:
            amount = amounts.target(sparsity)
        if cap is None:
            cap = 0.5 if sparsity is None else 1.0
        super().__init__(
            statistic, units, "layer", amount, cap=cap, layers=layers, samples=samples, seed=seed, history=history
        )


class SAPPruner(Pruner):
    """Remove the smallest weights, as many as their PQ index allows: SAP (Diao et al. 2023, algorithm 1).

    A group of zeros only is skipped and noted. See `sap_amount` for the arguments.

    >>> SAPPruner(1, 2).amount
    sap(p=1, q=2, eta=0.0, gamma=1.0, beta=0.9)
    """

    def __init__(
        self,
        p: float = 0.5,
        q: float = 1.0,
        eta: float = 0.0,
        gamma: float = 1.0,
        beta: float = 0.9,
        scope: str = "layer",
        min_per_layer: int | None = None,
    ) -> None:
        super().__init__("magnitude", "weight", scope, amounts.sap(p, q, eta, gamma, beta), min_per_layer)


class MagnitudePruner(Pruner):
    """Remove the smallest weights until the share `sparsity` of the prunable weights is gone.

    >>> MagnitudePruner(0.9, scope="global").unit
    'weight'
    """

    def __init__(self, sparsity: float = 0.5, scope: str = "layer", min_per_layer: int | None = None) -> None:
        super().__init__("magnitude", "weight", scope, amounts.target(sparsity), min_per_layer)


class RandomPruner(Pruner):
    """Remove weights, filters or neurons drawn at random: the control that every method has to beat.

    >>> RandomPruner(0.5, unit="filter", seed=3).score
    'random'
    """

    def __init__(
        self,
        sparsity: float = 0.5,
        unit: str | tuple[str, ...] = "weight",
        scope: str = "layer",
        seed: int = 0,
        min_per_layer: int | None = None,
    ) -> None:
        super().__init__("random", unit, scope, amounts.target(sparsity), min_per_layer, seed=seed)


GENERAL = "general"
# What grids call them; the general one is any choice on the four axes.
PRESETS: dict[str, Callable[..., Pruner]] = {
    GENERAL: Pruner,
    "l1": L1NormPruner,
    "activation": ActivationPruner,
    "sap": SAPPruner,
    "magnitude": MagnitudePruner,
    "random": RandomPruner,
}
