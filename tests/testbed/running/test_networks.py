"""Networks from elsewhere in a scenario: checked before anything is written, and a whole day on one."""

import json

import numpy as np
import pytest

from testbed.results.reading import open_result
from testbed.running.preflight import WrongRequest, checked_scenario
from tests.testbed import small_run

CIGRE = "districts.0.feeder=pandapower:create_cigre_network_lv"


def refused(*overrides):
    with pytest.raises(WrongRequest) as caught:
        checked_scenario("smoke", overrides)
    return "\n".join(caught.value.mistakes)


@pytest.mark.parametrize(("overrides", "words"), [
    (("districts.0.feeder=ieee34",), "districts.0.feeder"),
    (("districts.0.feeder=pandapower:case9",), "district feeder33: feeder pandapower:case9: line 0, 3, 6: r_ohm"),
    (("districts.0.feeder=pandapower:case33bw",), "give line_rating_a"),
    ((CIGRE, "districts.0.zone_map=public"), "is a map of ieee33"),
    ((CIGRE, "districts.0.zone_map={office: 0.5, residential: 0.5}"), "must give every zone a share"),
    ((CIGRE, "districts.0.zone_map={office: [2], residential: [3], commercial: [999]}"), "has no bus 999"),
    (("districts.0.zone_map={office: [0], residential: [3], commercial: [4]}",), "outside the feeder ieee33"),
    (("districts.0.zone_map={office: 0.5, residential: 0.4, commercial: 0.2}",), "1 in all"),
])
def test_what_cannot_serve_is_told_before_the_run(overrides, words):
    assert words in refused(*overrides)


def test_lists_and_shares_are_accepted():
    for zones in ({"office": [3], "residential": [4, 18], "commercial": [5]},
                  {"office": 0.25, "residential": 0.5, "commercial": 0.25}):
        checked = checked_scenario("smoke", (CIGRE, f"districts.0.zone_map={json.dumps(zones)}"))
        assert checked.model_dump(mode="json")["districts"][0]["zone_map"] == zones


@pytest.mark.slow
def test_a_day_on_a_low_voltage_network(tmp_path):
    path = small_run.run(tmp_path, CIGRE, "districts.0.peak_scale=0.5")
    result = open_result(path)
    vm_pu = result.district("feeder33", "vm_pu")
    assert result.status == "completed" and vm_pu.shape == (24, 41)
    assert np.all((vm_pu > 0.9) & (vm_pu <= 1.0))
    assert result.district("feeder33", "p_bus_kw").max() > 0
