"""The suite's outcome as a page: a row for each case, a column for each engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from testbed.acceptance.case import LAYERS, Case
from testbed.acceptance.judging import Status, Verdict
from testbed.acceptance.peers import Peer

SIGNS: dict[Status, str] = {"right": "right", "wrong": "**wrong**", "cannot": "-"}
HEAD = """# Acceptance: {version}

{cases} cases with known right answers, {refused} of which must be refused with a reason. How they are written, and how
to add one: [acceptance suite](../../../docs/acceptance.md). A dash: the engine has no part that answers the question.

"""


def page(version: str, cases: Sequence[Case], verdicts: Mapping[tuple[str, str], Verdict], engines: Sequence[str],
         peers: Sequence[Peer]) -> str:
    """Markdown; verdicts by (case, engine)."""
    refused = sum(case.refusal is not None for case in cases)
    text = [HEAD.format(version=version, cases=len(cases), refused=refused), *_counts(cases, verdicts, engines)]
    for layer in LAYERS:
        if rows := [case for case in cases if case.layer == layer]:
            text += [f"\n## {layer.capitalize()}\n\n", _row(["case", "question", "right", *engines]),
                     _row(["---"] * (3 + len(engines)))]
            text += [_row([case.name, case.title, _right(case),
                           *(SIGNS[verdicts[case.name, engine].status] for engine in engines)]) for case in rows]
    text += ["\n## What went wrong, and how\n\n", *_wrong(cases, verdicts, engines)]
    text += [f"\n{peer.name} {peer.version} was asked on {peer.date}.\n" for peer in peers]
    return "".join(text)


def _counts(cases: Sequence[Case], verdicts: Mapping[tuple[str, str], Verdict], engines: Sequence[str]) -> list[str]:
    rows = []
    for engine in engines:
        status = [verdicts[case.name, engine].status for case in cases]
        rows.append(_row([engine, *(str(status.count(name)) for name in SIGNS)]))
    return [_row(["engine", "right", "wrong", "cannot answer"]), _row(["---"] * 4), *rows]


def _right(case: Case) -> str:
    if case.refusal:
        return f"refused: {case.refusal.reason}"
    return "; ".join(f"{right.quantity} {right.words} {right.unit}" for right in case.right)


def _wrong(cases: Sequence[Case], verdicts: Mapping[tuple[str, str], Verdict], engines: Sequence[str]) -> list[str]:
    lines = [f"- `{case.name}`, {engine}: {verdicts[case.name, engine].got}\n" for engine in engines for case in cases
             if verdicts[case.name, engine].status == "wrong"]
    return lines or ["Nothing.\n"]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |\n"
