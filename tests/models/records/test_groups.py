"""Rows of groups and cohorts: what is put together is taken apart again, and nobody else needs to know how."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from models.records.arrays import RecordError
from models.records.groups import (
    FAST,
    SLOW,
    THREE_CLASSES,
    WAYS,
    ZONES,
    CarClass,
    ChargerKind,
    Groups,
    by_group_and_hour,
    by_zone,
    cohort_row,
    group_of_row,
    hour_of_row,
    is_bidirectional,
    rows_from_hour,
    to_cohorts,
)

TAXI = 1

ROOT = Path(__file__).resolve().parents[3]
GROUPS = np.arange(THREE_CLASSES.count)
H = 5


def test_groups_are_taken_apart_as_they_were_put_together():
    parts = THREE_CLASSES.zone_of(GROUPS), THREE_CLASSES.class_of(GROUPS), is_bidirectional(GROUPS)
    np.testing.assert_array_equal(THREE_CLASSES.index(*parts), GROUPS)
    names = [f"{ZONES[z]}/{THREE_CLASSES.class_names[c]}/{WAYS[int(w)]}" for z, c, w in zip(*parts, strict=True)]
    assert tuple(names) == THREE_CLASSES.names()


def test_classes_and_kinds_of_ones_own_make_groups_of_their_own():
    own = Groups((CarClass("school_bus", 2, kind=2), CarClass("van", 1)), (SLOW, FAST, ChargerKind("depot", False)))
    groups = np.arange(own.count)
    parts = own.zone_of(groups), own.class_of(groups), is_bidirectional(groups)
    assert own.count == 3 * 2 * 2
    np.testing.assert_array_equal(own.index(*parts), groups)
    assert own.names()[:4] == ("residential/school_bus/one_way", "residential/school_bus/bidirectional",
                               "residential/van/one_way", "residential/van/bidirectional")
    assert own.kind_of(groups)[:4].tolist() == [2, 2, 0, 0]
    assert own.behind_transformer.tolist() == [True, False, False]


def test_zones_may_have_any_names_and_number():
    own = Groups((CarClass("van", 3), CarClass("car", 0)), zones=("home", "mall", "quay", "depot"))
    groups = np.arange(own.count)
    assert (own.zone_count, own.count, own.cohort_count(2)) == (4, 16, 48)
    parts = own.zone_of(groups), own.class_of(groups), is_bidirectional(groups)
    np.testing.assert_array_equal(own.index(*parts), groups)
    assert own.names()[-1] == "depot/car/bidirectional"
    assert own.by_zone_class_way(groups).shape == (4, 2, 2)
    assert by_zone(groups, own.zone_count)[:, 0].tolist() == [0, 4, 8, 12]
    with pytest.raises(RecordError, match=r"zone home is there twice; class van: home_zone=2 is none of the 2 zones"):
        Groups((CarClass("van", 2),), zones=("home", "home"))


def test_groups_that_contradict_themselves_are_refused_all_at_once():
    with pytest.raises(RecordError, match=r"class van is there twice.*class van: kind=5 .*class van: home_zone=9 "):
        Groups((CarClass("van", 0), CarClass("van", 9, kind=5)))


def test_taxis_charge_fast_and_all_others_slow():
    assert [THREE_CLASSES.kind_names[kind] for kind in THREE_CLASSES.kind_of(GROUPS)] == \
        ["fast" if index == TAXI else "slow" for index in THREE_CLASSES.class_of(GROUPS)]


def test_tables_of_groups_have_their_axes_in_order():
    none = np.zeros(3, dtype=np.int64)
    assert np.array_equal(by_zone(GROUPS)[:, 0], THREE_CLASSES.index(np.arange(3), none, none))
    table = THREE_CLASSES.by_zone_class_way(np.stack([GROUPS, 100 + GROUPS]))
    assert table[1, 2, 1, 0] == 100 + THREE_CLASSES.index(np.array([2]), np.array([1]), np.array([0]))[0]


def test_cohorts_are_taken_apart_as_they_were_put_together():
    rows = np.arange(THREE_CLASSES.cohort_count(H))
    np.testing.assert_array_equal(cohort_row(group_of_row(rows, H), hour_of_row(rows, H), H), rows)
    assert (group_of_row(rows, H).max(), hour_of_row(rows, H).max()) == (THREE_CLASSES.count - 1, H)
    np.testing.assert_array_equal(by_group_and_hour(rows, H)[3], cohort_row(3, np.arange(H + 1), H))
    np.testing.assert_array_equal(to_cohorts(GROUPS, H), group_of_row(rows, H))


def test_rows_from_an_hour_on_are_those_of_a_shorter_horizon():
    count = THREE_CLASSES.cohort_count(H)
    rows = rows_from_hour(2, H, count)
    assert rows.size == THREE_CLASSES.cohort_count(H - 2)
    assert np.array_equal(rows, [row for row in range(count) if hour_of_row(np.array(row), H) >= 2])


BY_HAND = re.compile(r"group\w* (//|%) |[^*]\* 2 \+ |(//|%) \(\w*\.?(horizon_h|h|horizon|H) \+ 1\)"
                     r"|groups?\.count \* \(|// \(2 \* \w*\.?class_count|\* \w*\.?bins \+")


@pytest.mark.parametrize("package", ["models", "controllers", "testbed", "experiments"])
def test_nobody_else_reckons_with_rows(package):
    by_hand = [f"{file.relative_to(ROOT)}: {line.strip()}" for file in sorted((ROOT / package).rglob("*.py"))
             if file != ROOT / "models/records/groups.py"
             for line in file.read_text(encoding="utf-8").splitlines() if BY_HAND.search(line)]
    assert by_hand == []
