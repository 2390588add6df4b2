"""Load, wind and sun from a file of one's own."""

import datetime as dt

import pytest

from models.system.own_profiles import csv_profiles
from models.system.profiles import ProfileError
from models.tables.table_format import TableFormat

PLAIN = "load_mw,wind_mw,pv_mw"
DAY = dt.datetime(2019, 3, 31)


def csv_file(folder, rows, header=PLAIN):
    path = folder / "own.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def timed(times):
    return [f"{time},900,1,0" for time in times]


def test_an_own_file_is_used_as_it_is_and_repeats(tmp_path):
    own = csv_profiles(csv_file(tmp_path, [f"{900 + i},{i},0" for i in range(24)]), 3600)
    assert own.hourly(0, 3).load_mw == pytest.approx([900, 901, 902])
    assert own.hourly(-3600, 1).wind_mw == pytest.approx([23])
    assert own.load_shape(23 * 3600, 3600) == pytest.approx([1.0])
    assert own.notes == ()


@pytest.mark.parametrize(("rows", "header", "message"), [
    (["900,1,0"] * 23, PLAIN, "23 rows of 3600 s are no whole days; a day needs 24 rows"),
    (["900,1,0"] * 23 + ["nan,1,0"], PLAIN, r"row 24 \(line 25\): column load_mw is empty"),
    (["900,1,0"] * 23 + ["900,-1,0"], PLAIN, r"row 24 \(line 25\): column wind_mw '-1' is out of range"),
    (["900,1,0"] * 23 + ["900,x,0"], PLAIN, r"row 24 \(line 25\): column wind_mw 'x' is no number"),
    (["900,1e9,0"] * 24, PLAIN, "24 mistakes"),
    (["900,1"] * 24, "load_mw,wind_mw", "lacks the columns pv_mw"),
    (["0,1,0"] * 24, PLAIN, "load_mw is nowhere above 0"),
    (["900,1,0"] * 24, "900,1,0", "lacks the columns load_mw, wind_mw, pv_mw; its header reads '900', '1', '0'"),
])
def test_a_file_that_cannot_serve_says_why(tmp_path, rows, header, message):
    with pytest.raises(ProfileError, match=message):
        csv_profiles(csv_file(tmp_path, rows, header), 3600)


def test_a_resolution_that_fits_no_day_is_refused(tmp_path):
    with pytest.raises(ProfileError, match="resolution_s=700 does not divide a day"):
        csv_profiles(csv_file(tmp_path, ["900,1,0"] * 24), 700)


def test_times_that_do_not_fit_the_resolution_are_told_at_their_rows(tmp_path):
    """96 rows of an hour would be four days: only the times can tell that they are quarters."""
    quarters = timed(DAY + dt.timedelta(minutes=15 * i) for i in range(96))
    file = csv_file(tmp_path, quarters, "time,load_mw,wind_mw,pv_mw")
    assert csv_profiles(file, 900).load_mw.size == 96
    with pytest.raises(ProfileError, match=r"row 2 \(line 3\): column time: is 900 s after the row before, "
                       "resolution_s says 3600"):
        csv_profiles(file, 3600)


def test_the_first_row_begins_at_midnight(tmp_path):
    file = csv_file(tmp_path, timed(DAY + dt.timedelta(hours=i + 1) for i in range(24)), "time,load_mw,wind_mw,pv_mw")
    with pytest.raises(ProfileError, match=r"row 1 \(line 2\): column time: the first row must begin at 00:00"):
        csv_profiles(file, 3600)


@pytest.mark.parametrize(("first", "hours"), [(dt.datetime(2019, 3, 31), 48), (dt.datetime(2019, 10, 27), 48)])
def test_days_of_a_clock_change_have_their_hours(tmp_path, first, hours):
    """On the local clock an hour is left out in March and comes twice in October; the rows stay an hour apart."""
    berlin = TableFormat(time_zone="Europe/Berlin")
    start = first.replace(tzinfo=berlin.zone).astimezone(dt.UTC)
    written = [(start + dt.timedelta(hours=i)).astimezone(berlin.zone).replace(tzinfo=None) for i in range(hours)]
    file = csv_file(tmp_path, timed(written), "time,load_mw,wind_mw,pv_mw")
    assert csv_profiles(file, 3600, berlin).load_mw.size == hours
    with pytest.raises(ProfileError, match="after the row before"):
        csv_profiles(file, 3600)


def test_semicolons_and_decimal_commas_are_seen_and_told(tmp_path):
    own = csv_profiles(csv_file(tmp_path, ["900,5;1;0"] * 24, PLAIN.replace(",", ";")), 3600)
    assert own.load_mw[0] == 900.5 and own.notes == ("read with delimiter semicolon, decimal comma",)
