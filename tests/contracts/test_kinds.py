"""One contract for all of a kind: tariffs, network sources, wear models, metrics and figures of the report."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from audit.faults.explaining import BREAKS
from models.network.source import SOURCES, FeederLimits, source_of
from models.records.arrays import RecordError
from models.records.feeder import RadialFeeder
from models.registry import Registry
from models.system.tariff import DAY_S, PERIODS, TARIFFS, Terms
from models.wear import WEAR_MODELS
from models.wear.contract import WearModel
from testbed.cli.catalogue import catalogue
from testbed.faults.kind import FAULTS
from testbed.faults.placed import Injection
from testbed.metrics.registry import METRICS
from testbed.reporting.figure import FIGURES, SECTIONS, charts
from testbed.reporting.report import shown_runs
from testbed.reporting.study.figure import STUDY_FIGURES
from testbed.results.reading import Result, open_result
from testbed.wiring.attributes import SIMULATORS
from tests.testbed import small_run

UNIT_AT_THE_END = {"USD": "_usd", "kWh": "_kwh", "MWh": "_mwh", "MW": "_mw", "pu": "_pu", "%": "_percent", "t": "_t"}
ALL: tuple[Registry, ...] = (TARIFFS, SOURCES, WEAR_MODELS, METRICS, FIGURES, STUDY_FIGURES,  # type: ignore[type-arg]
                            FAULTS)


@pytest.mark.parametrize("registry", ALL, ids=lambda registered: registered.kind)
def test_every_member_is_of_its_contract_and_has_its_name(registry: Registry) -> None:  # type: ignore[type-arg]
    assert registry
    for name, member in registry.items():
        assert isinstance(member, registry.contract) and member.name == name
        assert name == name.strip() and len(name.split()) == 1, "lists put the name first on each line"


@pytest.mark.parametrize("registry", ALL, ids=lambda registered: registered.kind)
def test_every_file_of_the_folder_declares_some(registry: Registry) -> None:  # type: ignore[type-arg]
    files = set(registry.files().values())
    folder, = {file.parent for file in files}
    assert files == {file for file in folder.glob("*.py") if not file.stem.startswith("_")}


# ---------------------------------------------------------------- tariffs
def rising_mw(midnight_s: int) -> np.ndarray:
    return np.arange(24.0) + midnight_s / DAY_S


@pytest.mark.parametrize("name", TARIFFS)
def test_a_tariff_prices_every_hour_in_dollars_at_the_rate_asked_for(name: str) -> None:
    seven, double = (TARIFFS[name].prices(Terms(rate, equivalent_load_mw=rising_mw)) for rate in (7.0, 3.5))
    for way in ("charge_usd_per_kwh", "discharge_usd_per_kwh"):
        hours = getattr(seven, way)(-DAY_S, 72)
        assert hours.shape == (72,) and np.all(np.isfinite(hours)) and np.all(hours >= 0)
        assert getattr(double, way)(-DAY_S, 72) == pytest.approx(2 * hours)
        assert getattr(seven, way)(-DAY_S + 5 * 3600 + 1800, 3) == pytest.approx(hours[5:8])
    levels = TARIFFS[name].charge_cny_per_kwh
    assert levels is None or (set(levels) == set(PERIODS) and levels["valley"] <= levels["flat"] <= levels["peak"])
    assert TARIFFS[name].description and TARIFFS[name].source


# ---------------------------------------------------------------- networks
@pytest.mark.parametrize("name", SOURCES)
def test_a_source_understands_what_it_says_and_refuses_what_is_not_there(name: str) -> None:
    source = SOURCES[name]
    assert source_of(name) is source, "its name shows how it is written"
    assert source.description and re.compile(source.pattern)
    if source.last_bus is None:
        with pytest.raises(RecordError, match=f"feeder {re.escape(name)}: "):
            source.feeder(name, FeederLimits())


@pytest.mark.parametrize("name", [name for name, source in SOURCES.items() if source.last_bus is not None])
def test_a_known_network_is_what_was_asked_for(name: str) -> None:
    source, limits = SOURCES[name], FeederLimits(0.5, 1.01, 0.92, 1.04, 3000.0, 150.0, 1.5)
    plain, asked = source.feeder(name, FeederLimits()), source.feeder(name, limits)
    assert isinstance(asked, RadialFeeder) and int(asked.bus_number.max()) == source.last_bus
    assert asked.p_base_kw == pytest.approx(0.5 * plain.p_base_kw)
    assert (asked.v_slack_pu, asked.v_min_pu, asked.v_max_pu, asked.transformer_kva[0]) == (1.01, 0.92, 1.04, 3000.0)
    assert np.ptp(asked.i_max_pu[1:]) == 0 and np.all(asked.transformer_kva[1:] >= plain.transformer_kva[1:])
    for zones in source.zone_maps.values():
        assert set(zones()) <= {int(number) for number in asked.bus_number}


# ---------------------------------------------------------------- wear models
@pytest.mark.parametrize("name", WEAR_MODELS)
def test_a_wear_model_has_a_price_and_a_loss(name: str) -> None:
    model: WearModel = WEAR_MODELS[name]
    capacity_kwh = np.array([50.0, 60.0])
    assert np.all(model.life_average_usd_per_kwh(capacity_kwh) > 0)
    state = model.initial_state(capacity_kwh, np.full(2, 3.0), np.full(2, 8.0))
    soc = np.tile([0.9, 0.5, 0.9, 0.5, 0.9], (2, 1))
    after = model.advance(state, capacity_kwh, soc, 3600.0)
    assert np.all(after.loss > state.loss) and np.all(after.loss < 1)


# ---------------------------------------------------------------- faults
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_acts_at_simulators_and_says_what_is_done_meanwhile(name: str) -> None:
    kind = FAULTS[name]
    assert set(kind.acts) <= set(SIMULATORS) - {"recorder"}
    assert all(issubclass(acting, Injection) for acting in kind.acts.values())
    assert len(kind.answer) > 20 and len(kind.after) > 10 and all(p.what for p in kind.parameters)
    assert name in BREAKS, "audit/faults/explaining.py says which rules cannot hold meanwhile"


# ---------------------------------------------------------------- metrics and figures
@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return open_result(small_run.run(tmp_path_factory.mktemp("kinds")))


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_one_number_with_a_unit_and_a_definition(name: str, result: Result) -> None:
    metric = METRICS[name]
    value = metric.function(result)
    assert np.ndim(value) == 0 and not np.isinf(value)
    assert metric.unit and len(metric.definition) > 8
    assert UNIT_AT_THE_END.get(metric.unit, "") in name


def test_figures_are_those_of_the_sections(result: Result) -> None:
    drawn = charts(shown_runs([result]))
    assert tuple(drawn) == SECTIONS
    assert {section for section, drawings in drawn.items() if drawings} == set(SECTIONS)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_charts_with_titles_and_a_text(name: str, result: Result) -> None:
    figure, runs = FIGURES[name], shown_runs([result])
    charts = figure.draw(runs) if figure.draw else figure.draw_network(runs, "feeder33")  # type: ignore[misc]
    assert figure.shows and all(chart.title and chart.data for chart in charts)


def test_a_figure_without_a_section_or_two_ways_to_draw_is_refused() -> None:
    from testbed.reporting.figure import ReportFigure  # noqa: PLC0415

    with pytest.raises(RecordError, match="figure x: section='attic', allowed: load, commitment"):
        ReportFigure("x", "attic", 1, "nothing", draw=lambda runs: [])
    with pytest.raises(RecordError, match="figure x: needs either draw or draw_network"):
        ReportFigure("x", "load", 1, "nothing")


@pytest.mark.parametrize("kind", ["networks", "tariffs", "wear-models", "metrics", "studies", "faults", "figures"])
def test_lists_say_what_each_is(kind: str) -> None:
    assert catalogue(kind) and all(catalogue(kind).values())


def test_folders_of_kinds_hold_nothing_else() -> None:
    for registry in ALL:
        folder = Path(next(iter(registry.files().values()))).parent
        assert [path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"] == []
