"""Names and one-line descriptions of what can be chosen."""

from __future__ import annotations

from collections.abc import Callable


def _controllers() -> dict[str, str]:
    from testbed.setup.controller_loading import variants  # noqa: PLC0415

    return {name: "; ".join((variant.description, *variant.parameters)) for name, variant in variants().items()}


def _scenarios() -> dict[str, str]:
    from testbed.scenario.loading import load_scenario, scenario_names  # noqa: PLC0415

    return {name: load_scenario(name).description for name in scenario_names()}


def _studies() -> dict[str, str]:
    from testbed.sweeping.study import load_study, study_names  # noqa: PLC0415

    return {name: load_study(name)[0].description for name in study_names()}


def _networks() -> dict[str, str]:
    from models.network.source import SOURCES  # noqa: PLC0415

    return {name: source.description for name, source in SOURCES.items()}


def _tariffs() -> dict[str, str]:
    from models.system.tariff import TARIFFS  # noqa: PLC0415

    return {name: f"{tariff.description}; {tariff.source}" for name, tariff in TARIFFS.items()}


def _wear_models() -> dict[str, str]:
    from models.wear import WEAR_MODELS  # noqa: PLC0415

    return {name: f"{wear.cell} {wear.year}; {wear.tested_range}; {wear.source}" for name, wear in WEAR_MODELS.items()}


def _drivers() -> dict[str, str]:
    from models.drivers.behaviours import BEHAVIOURS  # noqa: PLC0415

    return {behaviour.name: f"{behaviour.what}; {behaviour.how}" for behaviour in BEHAVIOURS}


def _faults() -> dict[str, str]:
    from testbed.faults.kind import FAULTS  # noqa: PLC0415

    return {name: f"{kind.what}; where: {kind.place}; meanwhile {kind.answer}".replace("`", "")
            for name, kind in FAULTS.items()}


def _metrics() -> dict[str, str]:
    from testbed.metrics.registry import METRICS  # noqa: PLC0415

    return {name: f"[{metric.unit}] {metric.definition}" for name, metric in METRICS.items()}


def _figures() -> dict[str, str]:
    from testbed.reporting.figure import FIGURES  # noqa: PLC0415
    from testbed.reporting.study.figure import STUDY_FIGURES  # noqa: PLC0415

    return {name: f"report, {figure.section}: {figure.shows}" for name, figure in FIGURES.items()} | {
        name: f"report of a study: {figure.shows}" for name, figure in STUDY_FIGURES.items()}


_KINDS: dict[str, Callable[[], dict[str, str]]] = {
    "controllers": _controllers, "scenarios": _scenarios, "studies": _studies, "networks": _networks,
    "drivers": _drivers, "faults": _faults, "tariffs": _tariffs, "wear-models": _wear_models, "metrics": _metrics,
    "figures": _figures,
}
KINDS = tuple(_KINDS)


def catalogue(kind: str) -> dict[str, str]:
    """Members of one of KINDS: name -> description in one line."""
    return {name: " ".join(text.split()) for name, text in _KINDS[kind]().items()}
