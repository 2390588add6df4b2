"""Every row of the attribute table is determined by rules, or the audit says why nothing does."""

import re

import pytest

from audit.arrays import ARRAYS, at, full_name
from audit.judge import all_rules
from audit.registry import NOT_DETERMINED, WORDS
from testbed.results.layout import PLAN_HOURLY, PLAN_SCALARS, PLAN_TARGETS
from testbed.wiring.attributes import ATTRIBUTES, NETWORK_ONLY, recorded, traced

DETERMINED = {name for rule in all_rules().values() for name in rule.determines}
KNOWN = {full_name(told) for told in ARRAYS}
AXES = {"time", "unit names"}
"""What rules determine besides arrays."""


def rows_of_the_table():
    """Names, as rules call them, of all that a result holds by the table: arrays, plans, sums per vehicle, traces."""
    for attribute in ATTRIBUTES:
        if attribute.recorded and not attribute.is_record:
            yield attribute.name
        if attribute.traced_as:
            yield f"traces/{attribute.name}"
        if attribute.recorded and attribute.name == "totals":
            yield from (f"vehicle_{field.name}" for field in attribute.fields)
        if attribute.recorded and attribute.name == "plan":
            yield from (f"plan_{name}" for name in PLAN_TARGETS)
            yield from (f"plan/{name}" for name in ("time_s", "committed", "p_mw", "status", *PLAN_HOURLY,
                                                    *PLAN_SCALARS))


def test_each_row_is_determined_or_says_why_not():
    rows = set(rows_of_the_table())
    assert rows - KNOWN == set(), "audit/arrays.py does not know them"
    assert rows - DETERMINED - set(NOT_DETERMINED) - set(WORDS) == set()


def test_what_is_fixed_in_a_file_is_determined_too():
    """Beside the table: networks, zones, the reference without cars."""
    assert KNOWN - set(rows_of_the_table()) - DETERMINED == set()


def test_reasons_are_few_and_for_arrays_that_there_are():
    assert len(NOT_DETERMINED) <= 10
    assert set(NOT_DETERMINED) <= KNOWN
    assert all(len(why) > 20 or "as `" in why for why in NOT_DETERMINED.values())
    # what is partly held by a rule may be listed, what is wholly held must not: the test of alterations says which


def test_rules_determine_arrays_that_there_are():
    assert set() == DETERMINED - KNOWN - AXES


def test_the_audits_own_table_is_that_of_what_is_recorded():
    """Written apart, held together: names, axes, and where NaN says that there is none."""
    for scope, places in (("system", ("system",)), ("district", ("district", "network"))):
        table = {a.name: a for a in recorded(scope)}
        own = {told.name: told for place in places for told in at(place) if told.dims[:1] == ("time",)}
        assert set(own) == set(table)
        for name, attribute in table.items():
            assert own[name].dims == ("time", *attribute.dims), name
            assert own[name].may_be_nan == attribute.may_be_nan, name
            assert (own[name].kind == "flag") == attribute.is_flag, name
            assert (own[name].place == "network") == (attribute.producer in NETWORK_ONLY), name
    assert {told.name for told in at("traces")} == {a.name for a in traced()}


def test_each_rule_says_in_a_sentence_what_it_holds_and_where_it_is_written(model_sections):
    for rule in all_rules().values():
        assert rule.sentence.endswith(".") and len(rule.sentence) > 20, rule.name
        assert rule.section in model_sections, f"{rule.name}: docs/model.md has no section {rule.section}"


@pytest.fixture(scope="module")
def model_sections(pytestconfig):
    text = (pytestconfig.rootpath / "docs" / "model.md").read_text(encoding="utf-8")
    return set(re.findall(r"^### (\d+\.\d+) ", text, re.MULTILINE))


def test_rules_stand_in_the_order_of_their_files() -> None:
    """However they were imported: whoever imports one file of rules first must not change the page."""
    files = [rule.function.__module__ for rule in all_rules().values()]
    assert files == sorted(files)
