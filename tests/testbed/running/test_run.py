"""A run is a pure function of scenario, controller and seed, and its books close."""

import asyncio
import gc

import numpy as np
import pytest

from testbed.results.equality import equal_results
from testbed.results.reading import open_result
from testbed.results.recording import traces_path
from testbed.results.vehicle_traces import read_traces
from tests.testbed import small_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def first(folder):
    return small_run.run(folder)


def test_what_was_in_memory_before_is_searched_for_cycles_again(first):
    assert gc.get_freeze_count() == 0


def test_the_same_seed_twice_gives_the_same_file(folder, first):
    assert equal_results(first, small_run.run(folder, name="again.h5")) == []


@pytest.mark.slow
def test_another_seed_gives_another_file(folder, first):
    assert equal_results(first, small_run.run(folder, seed=2, name="other.h5")) != []


@pytest.mark.slow
def test_separate_processes_give_the_same_file_value_for_value(folder, first):
    apart = small_run.run(folder, "execution.mode=separate_processes", name="apart.h5")
    assert equal_results(first, apart) == []


def test_the_run_is_complete_and_says_so(first):
    result = open_result(first)
    assert (result.status, result.steps_written, result.steps_total) == ("completed", 24, 24)
    assert result.reference is not None


def test_energy_of_every_vehicle_balances(first):
    result = open_result(first)
    for district in result.districts:
        def of(name, district=district):
            return result.vehicle(district, name)
        change = of("stored_end_kwh") - of("stored_start_kwh")
        # what comes in less what is lost, driven or given back is what is stored
        balance = (of("charged_kwh") + of("fast_charged_kwh") - of("discharged_kwh") - of("driven_kwh")
                   - of("lost_kwh") - change)
        throughput = of("charged_kwh") + of("fast_charged_kwh") + of("discharged_kwh") + of("driven_kwh")
        assert np.all(np.abs(balance) <= 1e-6 * np.maximum(throughput, 1.0))
        assert np.all(throughput > 0)


def test_the_system_balances_in_every_step(first):
    result = open_result(first)
    made = result.system("p_mw").sum(axis=1)
    used = (result.system("load_mw") + result.system("pev_total_mw") + result.system("losses_change_total_mw"))
    green = sum(result.system(f"{kind}_available_mw") - result.system(f"{kind}_curtailed_mw")
                for kind in ("wind", "pv"))
    gap = made + green + result.system("shed_mw") - used - result.system("dump_mw")
    assert np.max(np.abs(gap)) <= 1e-6


def test_the_power_of_buses_is_that_of_vehicles(first):
    result = open_result(first)
    charged = result.district("feeder33", "charged_kwh") - result.district("feeder33", "discharged_kwh")
    assert charged == pytest.approx(result.district("feeder33", "p_bus_kw").sum(axis=1), abs=1e-9)


@pytest.mark.slow
def test_vehicle_traces_are_written_where_asked(folder):
    path = small_run.run(folder, "record.vehicles=true", name="traced.h5")
    soc = read_traces(traces_path(path), "feeder33", "soc")
    assert soc.shape == (24, 15)
    assert np.all((soc > 0) & (soc <= 1))


@pytest.mark.slow
def test_the_reference_has_the_scenario_s_own_horizon(folder):
    path = small_run.run(folder, "planning.horizon_h=30", "spatial.look_ahead_h=2", name="short.h5")
    assert open_result(path).reference.committed.shape == (24, 10)


@pytest.mark.slow
def test_a_run_works_inside_a_running_event_loop(folder, first):
    """As in a notebook, where the kernel's loop is running."""
    async def cell():
        return small_run.run(folder, name="notebook.h5")
    assert equal_results(first, asyncio.run(cell())) == []
