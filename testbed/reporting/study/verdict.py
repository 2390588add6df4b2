"""The verdict on a study: who pays least at how many points, what it depends on, and what must be known beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from testbed.metrics.numbers import readable
from testbed.metrics.titles import controller_titles, title
from testbed.metrics.verdict import PAYERS
from testbed.reporting.study.cases import StudyCases, in_words
from testbed.reporting.study.effects import Best, best_at, is_full, mean_at, varied_axes
from testbed.reporting.study.variance import shares
from testbed.scenario.twins import twin_notes

SOCIETY = PAYERS["society"]
Bests = Mapping[str, Sequence[Best]]
"""Under whom each payer pays least, a row per point that tells."""


def bests(study: StudyCases) -> dict[str, list[Best]]:
    """Of society, owners and the operator."""
    return {payer: [best for point in study.points if (best := best_at(study, figure, point))]
            for payer, figure in PAYERS.items()}


def sentences(study: StudyCases, best: Bests) -> list[str]:
    """Who, whether anybody else, and on what it depends."""
    titles = controller_titles(study.controllers)
    if not best["society"]:
        return ["No seed of a point is complete for all controllers with cars: nobody can be said to pay least."]
    return [*(_who(payer, told, titles) for payer, told in best.items() if told), *_depends(study, best, titles)]


def _who(payer: str, told: Sequence[Best], titles: Mapping[str, str]) -> str:
    counts: dict[str, int] = {}
    for best in told:
        counts[best.controller] = counts.get(best.controller, 0) + 1
    ranked = sorted(counts, key=lambda name: -counts[name])
    who = payer[0].upper() + payer[1:]
    verb = "pay" if payer.endswith("s") else "pays"
    if len(told) == 1:
        where = f"under {titles[ranked[0]]}"
    elif len(ranked) == 1:
        where = f"under {titles[ranked[0]]} at all {len(told)} points"
    else:
        where = " and ".join(f"under {titles[name]} at {counts[name]}" for name in ranked) + f" of {len(told)} points"
    if not any(best.next for best in told):
        return f"{who} {verb} {_range([best.cost.mean for best in told])} $ under {titles[ranked[0]]}, the only one."
    saved = [best.saving.mean for best in told if best.next]
    resolved = sum(best.is_resolved for best in told)
    certain = ("resolved" if resolved else "not resolved") if len(told) == 1 else \
        f"resolved at {resolved if resolved else 'none'} of them" if resolved < len(told) else "resolved at all of them"
    return f"{who} {verb} least {where}, by {_range(saved)} $ less than under the next best; this is {certain}."


def _range(values: Sequence[float]) -> str:
    low, high = (readable(float(of(values)), 4) for of in (np.min, np.max))
    return low if low == high else f"{low} to {high}"


# ---------------------------------------------------------------- on what it depends
def _depends(study: StudyCases, best: Bests, titles: Mapping[str, str]) -> Iterator[str]:
    axes = varied_axes(study)
    if not axes:
        return
    names = [told.controller for told in best["society"]]
    winner = max(dict.fromkeys(names), key=names.count)
    if told := shares(study, SOCIETY, winner):
        largest = int(np.argmax(told.total))
        yield (f"Of what was varied {told.inputs[largest]} moves society's cost most: under {titles[winner]} it has "
               f"part in {told.total[largest]:.0%} of the variance between points.")
    elif len(axes) == 1:
        yield from _along(study, axes[0], winner, titles)
    if is_full(study):
        changing = [study.axes[axis] for axis in axes if _turns(study, best["society"], axis)]
        yield (f"Who is cheapest for society changes with {' and '.join(changing)}." if changing else
               "Who is cheapest for society does not change with any of it.")


def _along(study: StudyCases, axis: int, winner: str, titles: Mapping[str, str]) -> Iterator[str]:
    """From the first to the last value at which its cost is known."""
    costs = {value: told.mean for value in study.values(axis)
             if (told := mean_at(study, SOCIETY, winner, [p for p in study.points if p[axis] == value])).seeds}
    if len(costs) > 1:
        first, *_, last = costs
        yield (f"From {in_words(first)} to {in_words(last)} of {study.axes[axis]} the {title(SOCIETY)} under "
               f"{titles[winner]} goes from {readable(costs[first], 6)} to {readable(costs[last], 6)} $.")


def _turns(study: StudyCases, told: Sequence[Best], axis: int) -> bool:
    """True if along this axis, all else equal, another controller becomes the cheapest."""
    along: dict[tuple[str, ...], set[str]] = {}
    for best in told:
        along.setdefault(best.point[:axis] + best.point[axis + 1:], set()).add(best.controller)
    return any(len(names) > 1 for names in along.values())


# ---------------------------------------------------------------- what must be known beside it
def notes(study: StudyCases) -> list[str]:
    """Cases without a figure, violations, twins, objectives that differ."""
    counts = {status: sum(case.status == status for case in study.cases) for status in ("failed", "open")}
    told = [f"{count} of {len(study.cases)} cases {words}, and their seeds have no say at their points."
            for count, words in ((counts["failed"], "failed"), (counts["open"], "are not carried out yet")) if count]
    if broken := [case for case in study.completed if case.violations]:
        told.append(f"{len(broken)} cases break rules of the audit ({sum(case.violations for case in broken)} "
                    "violations): see the column audit_violations.")
    told += [f"{note}." for note in twin_notes(study.scenarios)]
    planned = {case.optimised for case in study.completed if case.optimised}
    if len(planned) > 1 and len(study.points) > 1:
        told.append(f"Cases were planned by {len(planned)} different objectives; costs are held against each other "
                    "only at the same point.")
    return told
