"""Rows of groups and cohorts: what is put together is taken apart again, and nobody else needs to know how."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from models.records.groups import (
    CHARGER_KINDS,
    GROUP_COUNT,
    TAXI,
    VEHICLE_CLASSES,
    WAYS,
    ZONES,
    by_group_and_hour,
    by_zone,
    by_zone_class_way,
    class_of,
    cohort_count,
    cohort_row,
    group_index,
    group_names,
    group_of_row,
    hour_of_row,
    is_bidirectional,
    kind_of,
    rows_from_hour,
    to_cohorts,
    zone_of,
)

ROOT = Path(__file__).resolve().parents[3]
GROUPS = np.arange(GROUP_COUNT)
H = 5


def test_groups_are_taken_apart_as_they_were_put_together():
    np.testing.assert_array_equal(group_index(zone_of(GROUPS), class_of(GROUPS), is_bidirectional(GROUPS)), GROUPS)
    names = [f"{ZONES[z]}/{VEHICLE_CLASSES[c]}/{WAYS[int(w)]}" for z, c, w in
             zip(zone_of(GROUPS), class_of(GROUPS), is_bidirectional(GROUPS), strict=True)]
    assert tuple(names) == group_names()


def test_taxis_charge_fast_and_all_others_slow():
    assert [CHARGER_KINDS[kind] for kind in kind_of(GROUPS)] == \
        ["fast" if index == TAXI else "slow" for index in class_of(GROUPS)]


def test_tables_of_groups_have_their_axes_in_order():
    none = np.zeros(3, dtype=np.int64)
    assert np.array_equal(by_zone(GROUPS)[:, 0], group_index(np.arange(3), none, none))
    table = by_zone_class_way(np.stack([GROUPS, 100 + GROUPS]))
    assert table[1, 2, 1, 0] == 100 + group_index(np.array([2]), np.array([1]), np.array([0]))[0]


def test_cohorts_are_taken_apart_as_they_were_put_together():
    rows = np.arange(cohort_count(H))
    np.testing.assert_array_equal(cohort_row(group_of_row(rows, H), hour_of_row(rows, H), H), rows)
    assert (group_of_row(rows, H).max(), hour_of_row(rows, H).max()) == (GROUP_COUNT - 1, H)
    np.testing.assert_array_equal(by_group_and_hour(rows, H)[3], cohort_row(3, np.arange(H + 1), H))
    np.testing.assert_array_equal(to_cohorts(GROUPS, H), group_of_row(rows, H))


def test_rows_from_an_hour_on_are_those_of_a_shorter_horizon():
    rows = rows_from_hour(2, H)
    assert rows.size == cohort_count(H - 2)
    assert np.array_equal(rows, [row for row in range(cohort_count(H)) if hour_of_row(np.array(row), H) >= 2])


BY_HAND = re.compile(r"group\w* (//|%) |[^*]\* 2 \+ |(//|%) \(\w*\.?(horizon_h|h|horizon|H) \+ 1\)|GROUP_COUNT \* \(|"
                     r"// \(2 \* len\(VEHICLE_CLASSES\)|\* \w*\.?bins \+")


@pytest.mark.parametrize("package", ["models", "controllers", "testbed", "experiments"])
def test_nobody_else_reckons_with_rows(package):
    by_hand = [f"{file.relative_to(ROOT)}: {line.strip()}" for file in sorted((ROOT / package).rglob("*.py"))
             if file != ROOT / "models/records/groups.py"
             for line in file.read_text(encoding="utf-8").splitlines() if BY_HAND.search(line)]
    assert by_hand == []
