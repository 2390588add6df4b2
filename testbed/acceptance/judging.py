"""Answers held against what is right, those of this testbed and those that were recorded of other engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from controllers.port import PlanError
from models.records.arrays import RecordError
from testbed.acceptance.case import Case, CaseError
from testbed.acceptance.kind import KINDS

Status = Literal["right", "wrong", "cannot"]
OURS = "testbed"


@dataclass(frozen=True)
class Verdict:
    """What an engine made of a case."""

    case: str
    engine: str
    status: Status
    """`cannot`: the engine has no part that answers such a question."""
    got: str
    """Values by quantity, or the words of a refusal."""

    def to_json(self) -> dict[str, str]:
        """Plain data."""
        return {"case": self.case, "engine": self.engine, "status": self.status, "got": self.got}


def checked_kinds(cases: Sequence[Case]) -> None:
    """CaseError for cases of kinds that there are not."""
    wrong = [f"{case.inputs.folder / 'expected.yaml'}: kind: {case.kind!r}, allowed: {', '.join(KINDS)}"
             for case in cases if case.kind not in KINDS]
    if wrong:
        raise CaseError(wrong)


def checked_engines(cases: Sequence[Case], known: Sequence[str]) -> None:
    """CaseError for cases that say of engines nobody knows that they agree."""
    wrong = [f"{case.inputs.folder / 'expected.yaml'}: agree: {engine!r}, allowed: {', '.join(known)}"
             for case in cases for engine in case.agree if engine not in known]
    if wrong:
        raise CaseError(wrong)


def our_verdict(case: Case) -> Verdict:
    """This testbed's answer; CaseError where the case lacks what its kind needs, or gives what it does not ask for."""
    try:
        answer = KINDS[case.kind].answer(case.inputs)
    except (RecordError, PlanError) as refusal:
        return judged_refusal(case, OURS, str(refusal))
    if unread := case.inputs.not_asked():
        raise CaseError([f"{case.inputs.folder}: {told}: {case.kind} does not ask for it; it asks for "
                         f"{KINDS[case.kind].inputs}" for told in unread])
    return judged(case, OURS, answer)


def judged(case: Case, engine: str, answer: Mapping[str, float]) -> Verdict:
    """Values held against their bands; a case that must fail has none that is right."""
    if case.refusal is not None:
        told = ", ".join(f"{name}={value:.7g}" for name, value in answer.items())
        return Verdict(case.name, engine, "wrong", f"answers {told}")
    if missing := [right.quantity for right in case.right if right.quantity not in answer]:
        raise CaseError([f"{case.inputs.folder / 'expected.yaml'}: right: {', '.join(missing)}: {case.kind} gives "
                         f"{', '.join(answer)}"])
    holds = all(right.holds(answer[right.quantity]) for right in case.right)
    told = ", ".join(f"{right.quantity}={answer[right.quantity]:.7g} {right.unit}" for right in case.right)
    return Verdict(case.name, engine, "right" if holds else "wrong", told)


def judged_refusal(case: Case, engine: str, message: str) -> Verdict:
    """A refusal is right where the case must fail and the message says what it must."""
    words = case.refusal.words if case.refusal else ()
    holds = bool(words) and all(word.lower() in message.lower() for word in words)
    return Verdict(case.name, engine, "right" if holds else "wrong", f"refuses: {' '.join(message.split())}")
