"""The list of the objective's terms: every sum of them asks for each."""

from __future__ import annotations

import numpy as np
import pytest

from models.records.objective import BESIDE, Objective, ObjectiveError

WEIGHTS = Objective(operating=2.0, owners=3.0, curtailment=5.0, carbon=0.0)


def test_terms_are_added_with_their_weights_and_the_rest_as_it_is() -> None:
    amounts = [("operating", 1.0), ("carbon", 1e9), ("owners", 10.0), (BESIDE, 7.0), ("curtailment", 1.0),
               ("owners", 1.0)]
    assert WEIGHTS.weighted(amounts) == 2 + 33 + 5 + 7


def test_terms_may_be_arrays() -> None:
    amounts = ((name, np.array([1.0, 10.0])) for name in WEIGHTS.names)
    assert WEIGHTS.weighted(amounts).tolist() == [10.0, 100.0]


@pytest.mark.parametrize(("names", "told"), [
    (("operating", "owners", "curtailment"), "no amount of carbon"),
    (("operating", "owners", "curtailment", "carbon", "noise"), "noise is no term"),
])
def test_a_term_is_neither_forgotten_nor_invented(names: tuple[str, ...], told: str) -> None:
    with pytest.raises(ObjectiveError, match=told):
        WEIGHTS.weighted((name, 1.0) for name in names)


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_is_a_number_not_below_0(weight: float) -> None:
    with pytest.raises(ObjectiveError, match="owners="):
        Objective(owners=weight)
