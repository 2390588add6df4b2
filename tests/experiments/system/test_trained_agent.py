"""The example of a trained agent: what it sees, and how it is judged."""

import numpy as np
import pytest

from controllers.learned.observing import NUMBERS
from experiments.system import trained_agent
from experiments.system.trained_agent import FEATURES, PLACE, Week, features, verdict
from testbed.learning.asked import SEEDS
from testbed.running.preflight import WrongRequest


def seen(**values: float) -> np.ndarray:
    observation = np.zeros(len(NUMBERS))
    for name, value in values.items():
        observation[PLACE[name]] = value
    return observation


def test_features_say_how_dear_the_hour_is_and_what_cars_could_do() -> None:
    dear = {f"price_charge_{hour}h": 0.1 + 0.1 * (hour == 0) for hour in range(12)}
    told = features(seen(**dear, cars_rated=10.0, cars_least=2.0, cars_most=5.0, cars_need=1e9, cars_left=12.0))
    assert told.shape == (FEATURES,) and np.abs(told).max() <= 2
    np.testing.assert_allclose(told[2:6], [2 * 11 / 12 - 1, -1.0, 0.2, 0.5])
    assert told[6] == pytest.approx(1.0) and told[7] == pytest.approx(np.tanh(1.0))
    cheap = features(seen(**{name: 0.2 for name in dear} | {"price_charge_0h": 0.1}))
    assert cheap[2] == -1 and cheap[3] == 1, "and an empty car park divides by nothing"


@pytest.mark.parametrize(("under", "word"), [
    ((8.0, 8.2, 7.9), "beats uncoordinated on 3 held-out weeks: it saves owners 1.97 +- "),
    ((12.0, 12.2, 11.9), "loses to uncoordinated"), ((9.0, 11.0, 10.1), "is not told apart from uncoordinated"),
])
def test_the_verdict_is_that_of_the_interval(under, word) -> None:
    told = verdict([Week(4 + 5 * i, 10.0, cost, 0.0, 1.5) for i, cost in enumerate(under)])
    assert word in told and "1.5 kWh a week are missing at departures, under uncoordinated 0.0" in told


def test_what_is_missing_or_impossible_is_told(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_agent, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(WrongRequest, match=r"package torch is not installed: pip install 'v2g-testbed\[training\]'"):
        trained_agent.main(["-o", str(tmp_path)])
    monkeypatch.setattr(trained_agent, "find_spec", lambda name: object())
    with pytest.raises(WrongRequest, match="--steps 0: must be 1 or more"):
        trained_agent.main(["-o", str(tmp_path), "--steps", "0"])


def test_weeks_for_training_choosing_and_judging_are_apart() -> None:
    assert len({seed for seeds in SEEDS.values() for seed in seeds}) == sum(map(len, SEEDS.values())) == 5
