"""The whole suite: cases read, asked and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from testbed.acceptance.case import Case, CaseError, read_cases
from testbed.acceptance.judging import OURS, Verdict, checked_engines, checked_kinds, our_verdict
from testbed.acceptance.page import page
from testbed.acceptance.peers import Peer, read_peers

SHIPPED = Path(__file__).parents[2] / "tests" / "acceptance" / "cases"
"""Where the project's own cases lie, in a copy of its repository."""


@dataclass(frozen=True)
class Outcome:
    """Cases and what each engine made of each."""

    cases: Sequence[Case]
    peers: Sequence[Peer]
    verdicts: Mapping[tuple[str, str], Verdict]
    """By (case, engine)."""

    @property
    def engines(self) -> list[str]:
        return [OURS, *(peer.name for peer in self.peers)]

    @property
    def ours(self) -> list[Verdict]:
        return [self.verdicts[case.name, OURS] for case in self.cases]

    @property
    def disagreements(self) -> list[str]:
        """Where a case says of an engine that it agrees and it does not, or the other way round."""
        return [f"{case.name}: {engine} is {self.verdicts[case.name, engine].status}, `agree` says "
                f"{'yes' if engine in case.agree else 'no'}" for case in self.cases for engine in self.engines
                if (self.verdicts[case.name, engine].status == "right") != (engine in case.agree)]

    def page(self) -> str:
        """The page of this version."""
        return page(version("v2g-testbed"), self.cases, self.verdicts, self.engines, self.peers)


def _peers(folder: Path) -> list[Peer]:
    """Other engines whose answers lie beside a folder of cases."""
    return read_peers(sorted((folder.parent / "peers").glob("*.csv")))


def run_suite(folder: Path = SHIPPED, names: Sequence[str] = (), with_slow: bool = True) -> Outcome:
    """Ask this testbed all cases of a folder, or those named; CaseError names everything that a case lacks."""
    cases = [case for case in read_cases(folder, names) if with_slow or not case.is_slow]
    checked_kinds(cases)
    peers = _peers(folder)
    checked_engines(cases, list(dict.fromkeys([OURS, *(peer.name for peer in (*peers, *_peers(SHIPPED)))])))
    verdicts: dict[tuple[str, str], Verdict] = {}
    mistakes: list[str] = []
    for case in cases:
        for peer in peers:
            verdicts[case.name, peer.name] = peer.verdict(case)
        try:
            verdicts[case.name, OURS] = our_verdict(case)
        except CaseError as error:
            mistakes += error.mistakes
    if mistakes:
        raise CaseError(mistakes)
    return Outcome(cases, peers, verdicts)
