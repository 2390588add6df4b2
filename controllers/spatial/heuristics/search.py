"""Particle swarm and genetic algorithm of pymoo on genes in 0..1, to an exact number of evaluations.

pymoo is imported where it runs: it is slow to load, and only two controllers need it. The algorithms have pymoo's
own settings (swarm: adaptive weights; genetic: tournament, simulated binary crossover, polynomial mutation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from models.records.arrays import Floats

Method = Literal["pso", "sga"]
Fitness = Callable[[Floats], tuple[Floats, Floats]]
"""Genes [N, G] -> what to minimise [N], and the excess over limits [N] (<= 0: none)."""


@dataclass(frozen=True)
class Budget:
    """How long a search goes on."""

    evaluations: int
    population: int


@dataclass(frozen=True)
class Found:
    """The best candidate of a search: least fitness among those without excess, else least fitness of all."""

    genes: Floats
    """[G]"""
    fitness: float
    keeps_limits: bool
    evaluations: int


class _Incumbent:
    """Counts and keeps the best of all that was evaluated; a swarm may lose it."""

    def __init__(self, fitness: Fitness) -> None:
        self._fitness = fitness
        self.evaluations = 0
        self.key = (True, np.inf)
        self.genes = np.zeros(0)

    def evaluate(self, genes: Floats) -> Floats:
        values, excess = self._fitness(genes)
        self.evaluations += genes.shape[0]
        best = int(np.lexsort((values, excess > 0))[0])
        key = (bool(excess[best] > 0), float(values[best]))
        if not self.genes.size or key < self.key:
            self.key, self.genes = key, genes[best].copy()
        return values


def search(method: Method, fitness: Fitness, start: Floats, budget: Budget, seed: int) -> Found:
    """The best genes found; `start` [S, G] are in the first population, the others uniform.

    Equal arguments give equal answers. The fitness is called once per generation. Raises ValueError if the budget
    is no multiple of the population, or `start` does not leave room for a random candidate.
    """
    if budget.evaluations % budget.population or not 0 < start.shape[0] < budget.population:
        raise ValueError(f"{budget.evaluations} evaluations in populations of {budget.population} with "
                         f"{start.shape[0]} given: evaluations must be a multiple of the population, and "
                         "the given candidates fewer than it")
    kept = _Incumbent(fitness)
    rng = np.random.default_rng(seed)
    others = rng.random((budget.population - start.shape[0], start.shape[1]))
    algorithm = _algorithm(method, budget.population, np.concatenate([start, others]))
    algorithm.setup(_problem(kept.evaluate, start.shape[1]), termination=("n_eval", budget.evaluations),
                    seed=int(rng.integers(2**31)), verbose=False)
    while algorithm.has_next() and kept.evaluations < budget.evaluations:
        # twins are not evaluated, so a generation may be smaller and the last one must not overshoot
        algorithm.n_offsprings = min(budget.population, budget.evaluations - kept.evaluations)
        algorithm.next()
    return Found(kept.genes, kept.key[1], not kept.key[0], kept.evaluations)


def _algorithm(method: Method, population: int, first: Floats) -> Any:
    if method == "pso":
        from pymoo.algorithms.soo.nonconvex.pso import PSO  # noqa: PLC0415

        return PSO(pop_size=population, sampling=first)
    from pymoo.algorithms.soo.nonconvex.ga import GA  # noqa: PLC0415

    return GA(pop_size=population, sampling=first)


def _problem(evaluate: Callable[[Floats], Floats], genes: int) -> Any:
    from pymoo.core.problem import Problem  # noqa: PLC0415

    class Genes(Problem):  # type: ignore[misc]
        """A vector in 0..1, evaluated a population at a time."""

        def __init__(self) -> None:
            super().__init__(n_var=genes, n_obj=1, xl=0.0, xu=1.0)

        def _evaluate(self, x: Floats, out: dict[str, Floats], *args: object, **kwargs: object) -> None:
            out["F"] = evaluate(np.asarray(x, dtype=np.float64))

    return Genes()
