"""What tables call figures and controllers: words for people; the name that programs use stands beside or on hover."""

from __future__ import annotations

from collections.abc import Iterable

TITLES = {
    "society_cost_usd": "cost to society, as booked", "society_cost_usd_adjusted": "total cost to society",
    "society_cost_called_usd_adjusted": "cost to society, reserve called",
    "owners_cost_usd": "cost to owners, as booked", "owners_cost_usd_adjusted": "total cost to owners",
    "operator_cost_usd": "cost to operator, as booked", "operator_cost_usd_adjusted": "total cost to operator",
    "total_cost_usd": "system and wear, as booked", "total_cost_usd_adjusted": "system and wear cost",
    "objective_usd": "objective, as booked", "objective_usd_adjusted": "objective",
    "steadiness_percent": "change of stored energy", "stored_energy_change_mwh": "energy gained in batteries",
    "departures_short_kwh": "missing at departures", "departures_short": "cars that left short",
    "fast_charged_mwh": "fast-charged on the way", "fast_charge_cost_usd": "fast charging on the way",
    "operating_cost_usd": "fuel and start-ups", "fuel_cost_usd": "fuel", "startup_cost_usd": "start-ups of units",
    "carbon_t": "carbon dioxide", "carbon_cost_usd": "carbon at its price", "wear_cost_usd": "battery wear",
    "imbalance_cost_usd": "unserved load and reserve", "curtailed_mwh": "wind and PV not used",
    "curtailment_penalty_usd": "penalty on unused wind and PV", "tariff_payments_usd": "owners' electricity bills",
    "owners_net_cost_usd": "owners' bills and wear", "hours_fewer_units": "hours with fewer units on",
    "unit_hours": "hours of all units", "unit_starts": "starts of units",
    "equivalent_load_peak_mw": "highest load on units", "equivalent_load_valley_mw": "lowest load on units",
    "equivalent_load_std_mw": "spread of the load on units", "feeder_losses_kwh": "losses of the feeders",
    "vm_min_pu": "lowest voltage", "vm_max_pu": "highest voltage", "line_loading_max_percent": "fullest line",
    "generation_curtailed_mwh": "feeders' generation not taken",
    "limits_import_kwh": "customers may draw", "limits_export_kwh": "customers may feed back",
    "limits_gini": "inequality of customers' limits", "limits_broken_customer_h": "customers beyond their limits",
    "voltage_violation_bus_h": "bus-hours outside limits", "charged_mwh": "charged by cars",
    "discharged_mwh": "given back by cars", "compliance_realised": "told cars that complied",
    "not_delivered_share": "told energy not delivered", "redispatch_failures": "steps without a dispatch",
    "spatial_fallbacks": "steps by the fallback below", "shed_load_mwh": "load not served",
    "uncalled_reserve_mwh": "not served beside idle reserve", "uncalled_reserve_usd": "cost of reserve not called",
    "solver_s": "time in solvers", "wall_s": "time of the run",
}
"""Of the figures that tables show first; a figure that is not here is called by the words of its name."""
ACRONYMS = {"ac": "AC", "socp": "SOCP", "pv": "PV", "v2g": "V2G", "pev": "cars", "vm": "voltage", "std": "spread"}
UNIT_ENDINGS = (("usd", "per", "mwh"), ("t", "per", "mwh"), ("usd",), ("mwh",), ("kwh",), ("mw",), ("kw",), ("pu",),
                ("percent",), ("rel",), ("celsius",), ("t",), ("h",), ("s",))
"""Words at the end of a figure's name that are its unit."""
CONTROLLER_TITLES = {"no_pev": "no cars", "bilayer_pso": "bilayer, particle swarm",
                     "bilayer_sga": "bilayer, genetic algorithm"}


def title(figure: str) -> str:
    """A figure in words, without its unit."""
    return TITLES.get(figure) or _of_name(figure.split("_"))


def _of_name(words: list[str]) -> str:
    ending = next((end for end in UNIT_ENDINGS if tuple(words[-len(end):]) == end and len(words) > len(end)), ())
    return " ".join(ACRONYMS.get(word, word) for word in words[:len(words) - len(ending)])


def controller_title(name: str) -> str:
    """A controller in words; one in a file of its user's keeps what it is called there."""
    plain = name.isidentifier() and name.islower()
    return CONTROLLER_TITLES.get(name) or (name.replace("_", " ") if plain else name)


def controller_titles(names: Iterable[str]) -> dict[str, str]:
    """Words of each; names as they are where two would read alike."""
    titles = {name: controller_title(name) for name in names}
    told = list(titles.values())
    return {name: words if told.count(words) == 1 else name for name, words in titles.items()}


# ---------------------------------------------------------------- what is asked of a run
QUESTIONS = {
    "Who pays?": ("society_", "owners_cost", "operator_", "steadiness", "stored_energy"),
    "What does it cost, item by item?": ("total_cost", "objective", "operating_", "fuel_", "startup_", "carbon_cost",
                                         "curtailment_", "tariff_", "fast_charge_cost", "wear_", "owners_net",
                                         "imbalance_", "feeder_loss_cost", "uncalled_reserve_usd"),
    "What did the power system do?": ("equivalent_", "unit_", "hours_fewer", "emergency_", "shed_", "dumped_",
                                      "reserve_", "uncalled_", "curtailed_", "carbon_"),
    "What did cars do, and were they served?": ("charged_", "discharged_", "fast_charged", "driven_", "departures_",
                                                "infeasible_"),
    "Did drivers do as told?": ("compliance_", "not_delivered"),
    "How did the feeder fare?": ("feeder_losses", "generation_curtailed", "vm_", "voltage_", "line_", "transformer_",
                                 "unbalance_", "supply_", "en50160_", "phase_loading", "neutral_current", "limits_"),
    "What had been planned?": ("planned_",),
    "Can it be trusted, and how long did it take?": ("plan_gap", "relaxation_", "redispatch_", "spatial_",
                                                     "disaggregation_", "model_mismatch", "solver_s", "wall_s"),
}
"""Beginnings of the figures' names that answer each question."""
FURTHER = "Further figures"


def by_question(figures: Iterable[str]) -> dict[str, list[str]]:
    """Figures under the question that they answer, in the order of the questions."""
    asked: dict[str, list[str]] = {question: [] for question in (*QUESTIONS, FURTHER)}
    for figure in figures:
        asked[question_of(figure)].append(figure)
    return {question: names for question, names in asked.items() if names}


def question_of(figure: str) -> str:
    """The question that a figure answers."""
    starts = {begin: question for question, begins in QUESTIONS.items() for begin in begins if figure.startswith(begin)}
    return starts[max(starts, key=len)] if starts else FURTHER
