"""The verdict on a comparison: who pays least under whom, by how much, whether that is resolved, why, and on what it
hangs. Three sentences, from the same paired differences as the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from testbed.metrics.comparability import BASE, serves_no_cars
from testbed.metrics.numbers import readable
from testbed.metrics.of_runs import (
    INTERVAL_HOLDS_ZERO,
    NOT_RESOLVED,
    ComparisonRow,
    compare_table,
    compute_metrics,
)
from testbed.metrics.titles import controller_titles
from testbed.results.reading import Result

PAYERS = {"society": "society_cost_usd_adjusted", "owners": "owners_cost_usd_adjusted",
          "the operator": "operator_cost_usd_adjusted"}
"""Who pays, and the figure: energy that batteries gained or lost is valued at what refilling costs."""
TERMS = {"fuel_cost_usd": "fuel", "startup_cost_usd": "start-ups of units", "carbon_cost_usd": "carbon",
         "wear_cost_usd": "battery wear", "imbalance_cost_usd": "unserved load and missing reserve",
         "fast_charge_cost_usd": "fast charging on the way"}
"""What society's ledger is made of; the energy left in batteries comes on top."""
STORED = "energy left in batteries"
PRICES = {"fuel": "the price of fuel", "start-ups of units": "the cost of a start-up", "carbon": "the price of carbon",
          "battery wear": "the price of battery wear",
          "unserved load and missing reserve": "the price of unserved load and missing reserve",
          "fast charging on the way": "the price of fast charging", STORED: "the value of energy left in batteries"}
"""Which price each term scales with."""
FAR = 100.0
"""A price that would have to change more than so many times over is no assumption to doubt."""
Runs = Sequence[tuple[Result, dict[str, float]]]
"""Completed ones with all their figures."""
Values = Mapping[str, Sequence[dict[str, float]]]
"""All figures by controller, a run each."""


@dataclass(frozen=True)
class Winner:
    """Under whom somebody pays least, and the next best."""

    payer: str
    controller: str
    cost_usd: float
    next: str
    """Empty where there is no other."""
    saving_usd: float
    """Mean over common seeds of what the next costs more."""
    ci95_usd: float
    """Half width of its 95 % interval; NaN with one seed."""
    pairs: int
    note: str
    """As of ComparisonRow."""
    service: str = ""
    """How cars are served otherwise than under the next; empty where alike."""

    @property
    def is_resolved(self) -> bool:
        """The commitment's gap and the interval over seeds leave no doubt about the sign; one seed has no interval."""
        return self.pairs > 1 and self.saving_usd > 0 and self.note not in (NOT_RESOLVED, INTERVAL_HOLDS_ZERO)


@dataclass(frozen=True)
class Turn:
    """How many times a price would have to be what it is for the next best to draw level, every car doing the same."""

    term: str
    factor: float


@dataclass(frozen=True)
class Verdict:
    """What a reader should know first."""

    winners: tuple[Winner, ...]
    """Of society, owners and the operator; empty where nothing completed."""
    terms_usd: Mapping[str, float]
    """Winner less next best in society's ledger by term, largest first; empty with one controller."""
    turn: Turn | None
    """The price on which society's ranking hangs most; None where no price alone turns it."""
    sentences: tuple[str, ...]


def verdict(results: Sequence[Result]) -> Verdict:
    """Of results of one scenario; what did not complete has no say, nor its seed, nor a system without cars."""
    completed = [(result, compute_metrics(result)) for result in results if result.status == "completed"]
    served = [(result, figures) for result, figures in completed if not serves_no_cars(figures)
            and all(np.isfinite(figures[name]) for name in PAYERS.values())]
    if not served:
        return Verdict((), {}, None, ("No run with cars completed: there is nothing to compare.",))
    runs, left_out = _of_common_seeds(served)
    if not runs:
        return Verdict((), {}, None, ("No seed completed under every controller: there is nothing to compare.",))
    values: dict[str, list[dict[str, float]]] = {}
    for result, figures in runs:
        values.setdefault(result.controller, []).append(figures)
    titles = controller_titles(values)
    winners = tuple(_winner(payer, figure, runs, values) for payer, figure in PAYERS.items())
    if not winners[0].next:
        return Verdict(winners, {}, None, (_alone(winners, titles), HINT, _compliance(runs[0][0])))
    terms = _terms(winners[0], values)
    turn = _turn(terms)
    told = (_who(winners, values, titles), _why(winners, terms, titles),
            _hangs(winners[0], turn, runs[0][0], titles))
    return Verdict(winners, terms, turn, told + left_out)


def _of_common_seeds(runs: Runs) -> tuple[Runs, tuple[str, ...]]:
    """The runs of seeds that every controller has, else means would be of different days; a sentence on the others."""
    seeds: dict[str, set[int]] = {}
    for result, _ in runs:
        seeds.setdefault(result.controller, set()).add(result.seed)
    common = set.intersection(*seeds.values())
    others = sorted(set.union(*seeds.values()) - common)
    told = (f"Left out: seed{'s' * (len(others) > 1)} {', '.join(map(str, others))}, not complete under every "
            "controller.",) if others else ()
    return [run for run in runs if run[0].seed in common], told


def _winner(payer: str, figure: str, runs: Runs, values: Values) -> Winner:
    means = {name: _mean(values, name, figure) for name in values}
    best, *others = sorted(means, key=means.__getitem__)
    if not others:
        return Winner(payer, best, means[best], "", np.nan, np.nan, 0, "")
    pair = [run for run in runs if run[0].controller in (best, others[0])]
    rows = compare_table([result for result, _ in pair], [figure], best, [figures for _, figures in pair])
    row: ComparisonRow = next(row for row in rows if row.controller == others[0])
    return Winner(payer, best, means[best], others[0], row.difference_mean, row.difference_ci95, row.pairs, row.note,
                  row.service)


def _mean(values: Values, controller: str, figure: str) -> float:
    return float(np.mean([run[figure] for run in values[controller]]))


# ---------------------------------------------------------------- why, and on what it hangs
def _terms(society: Winner, values: Values) -> dict[str, float]:
    """Winner less next best by term of society's ledger, largest first."""
    def less(figure: str) -> float:
        return _mean(values, society.controller, figure) - _mean(values, society.next, figure)

    terms = {words: less(figure) for figure, words in TERMS.items()}
    terms[STORED] = less("society_cost_usd_adjusted") - less("society_cost_usd")
    return dict(sorted(terms.items(), key=lambda item: -abs(item[1])))


def _turn(terms: Mapping[str, float]) -> Turn | None:
    """The term whose price has to change least, in proportion, for the difference to vanish; what cars do stays."""
    total = sum(terms.values())
    turns = [Turn(term, 1 - total / usd) for term, usd in terms.items() if usd]
    near = [turn for turn in turns if 1 / FAR < turn.factor < FAR]
    # of two terms both turn it alike: rounded, so that the larger one is named
    return min(near, key=lambda turn: round(abs(float(np.log(turn.factor))), 9), default=None)


# ---------------------------------------------------------------- sentences
def _who(winners: Sequence[Winner], values: Values, titles: Mapping[str, str]) -> str:
    """First sentence: who pays least under whom, and by how much."""
    society, *others = winners
    percent = 100 * society.saving_usd / abs(society.cost_usd) if society.cost_usd else np.nan
    share = f", {readable(percent, 2)} %" if np.isfinite(percent) else ""
    text = (f"Society pays least under {titles[society.controller]}: {_usd(society.cost_usd)} $, "
            f"{_usd(society.saving_usd)} $ less than under {titles[society.next]}, the next best{share}")
    if BASE in values and BASE not in (society.controller, society.next):
        saved = _mean(values, BASE, PAYERS["society"]) - society.cost_usd
        text += f", and {_usd(saved)} $ less than with cars left to themselves ({BASE})"
    rest = " and ".join(f"{w.payer} under {titles[w.controller]} ({_usd(w.cost_usd)} $, {_usd(w.saving_usd)} $ less "
                        f"than under {titles[w.next]})" for w in others)
    return f"{text}; {rest}."


def _why(winners: Sequence[Winner], terms: Mapping[str, float], titles: Mapping[str, str]) -> str:
    """Second sentence: resolved or not, and the largest two terms."""
    society, *others = winners
    doubtful = [w.payer for w in others if not w.is_resolved]
    also = f" (nor is it for {' and '.join(doubtful)})" if doubtful and not society.is_resolved else \
        f" (for {' and '.join(doubtful)} it is not)" if doubtful else ""
    head = "For society this is resolved" if society.is_resolved else "For society this is not resolved"
    largest = [f"{term} ({readable(usd, 4, '+')} $)" for term, usd in list(terms.items())[:2] if usd]
    because = f" the largest terms of the difference from {titles[society.next]} are {' and '.join(largest)}" \
        if largest else " no term of the ledger differs"
    served = f"; cars are not served alike ({society.service} under {titles[society.next]})" if society.service else ""
    return f"{head}: {_certainty(society)}{also};{because}{served}."


def _certainty(winner: Winner) -> str:
    """Why a difference counts or does not."""
    if winner.note == NOT_RESOLVED:
        return "it is below twice the gap to which the unit commitment was solved"
    if winner.pairs < 2:
        return "it is beyond twice the gap of the unit commitment, but one seed says nothing of other days"
    held = "which holds 0" if winner.note == INTERVAL_HOLDS_ZERO else "which leaves out 0"
    return (f"95 % interval of {winner.pairs} seeds {_usd(winner.saving_usd - winner.ci95_usd)} to "
            f"{_usd(winner.saving_usd + winner.ci95_usd)} $, {held}")


def _hangs(society: Winner, turn: Turn | None, result: Result, titles: Mapping[str, str]) -> str:
    """Third sentence: the price that would turn it, and what drivers were taken to do."""
    if turn is None:
        text = f"No price of one term alone would turn it within a factor of {FAR:g}, cars doing the same"
    else:
        text = (f"It hangs most on {PRICES[turn.term]}: at {readable(turn.factor, 3)} times what is assumed, cars "
                f"doing the same, {titles[society.next]} would draw level")
    return f"{text}; {_compliance(result)[0].lower()}{_compliance(result)[1:]}"


def _compliance(result: Result) -> str:
    """What drivers were taken to do; a comparison of one scenario cannot say what others would do."""
    share = result.scenario.get("drivers", {}).get("compliance_mean", np.nan)
    told = f"{share:.0%} of drivers are taken to comply" if np.isfinite(share) else "drivers are as the scenario says"
    if np.isfinite(share) and share <= 0.5:
        return f"{told[0].upper()}{told[1:]}: every second driver or more refuses already."
    return (f"{told[0].upper()}{told[1:]}, and what happens if every second driver refuses is not in this comparison.")


def _alone(winners: Sequence[Winner], titles: Mapping[str, str]) -> str:
    costs = ", ".join(f"{w.payer} {_usd(w.cost_usd)} $" for w in winners)
    return f"Under {titles[winners[0].controller]}, the only controller with cars, this costs {costs}."


HINT = f"One controller alone says nothing about what control is worth: compare it with {BASE}."


def _usd(value: float) -> str:
    """Whole dollars where there are many, cents where there are few."""
    return f"{value:,.0f}" if abs(value) >= 1000 else readable(value, 3) if np.isfinite(value) else "-"

