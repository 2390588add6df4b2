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


def test_rows_without_times_say_as_how_many_days_they_were_read(tmp_path):
    """A day of quarters is four days of hours, where nothing says otherwise."""
    quarters = ["900,1,0"] * 96
    told = "has no column time: 96 rows of 3600 s are taken as 4 days in a row"
    assert csv_profiles(csv_file(tmp_path, quarters), 3600).notes == (told,)
    assert csv_profiles(csv_file(tmp_path, quarters), 900).notes == ()


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


def test_a_cell_that_is_read_twice_is_one_mistake(tmp_path):
    rows = [*timed(DAY + dt.timedelta(hours=i) for i in range(23)), "noon,900,1,0"]
    with pytest.raises(ProfileError) as told:
        csv_profiles(csv_file(tmp_path, rows, "time,load_mw,wind_mw,pv_mw"), 3600, start_date=DAY.date())
    assert str(told.value).count("'noon' is no time") == 1


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


# ---------------------------------------------------------------- forecasts, limits, dates
def beside(folder, extra, rows):
    return csv_file(folder, rows, f"{PLAIN},{extra}")


def test_columns_of_forecasts_stand_in_for_what_comes_to_be(tmp_path):
    own = csv_profiles(beside(tmp_path, "load_forecast_mw", ["900,10,5,800"] * 24), 3600)
    assert own.hourly(0, 1).load_mw[0] == 900
    assert own.forecast.hourly(0, 1).load_mw[0] == 800 and own.forecast.hourly(0, 1).wind_mw[0] == 10
    assert own.forecast.load_peak_mw == own.load_peak_mw == 900


def test_what_must_be_taken_is_part_of_wind_and_sun(tmp_path):
    own = csv_profiles(beside(tmp_path, "must_take_mw", ["900,10,5,12"] * 24), 3600)
    assert own.means(0, 900).must_take_mw[0] == 12
    with pytest.raises(ProfileError, match=r"row 24 \(line 25\): column must_take_mw: 16 is above wind and sun"):
        csv_profiles(beside(tmp_path, "must_take_mw", ["900,10,5,12"] * 23 + ["900,10,5,16"]), 3600)


@pytest.mark.parametrize(("extra", "row", "message"), [
    ("must_take_mw,load_forecast_mw", "900,10,5,12,900", "lacks the column must_take_forecast_mw"),
    ("must_take_forecast_mw", "900,10,5,12", "lacks the column must_take_mw, of which must_take_forecast_mw is"),
    ("must_take_mw,must_take_forecast_mw,wind_forecast_mw", "900,10,5,12,12,3", "24 mistakes"),
])
def test_forecasts_fit_to_what_they_are_of(tmp_path, extra, row, message):
    with pytest.raises(ProfileError, match=message):
        csv_profiles(beside(tmp_path, extra, [row] * 24), 3600)


def test_dated_rows_do_not_repeat(tmp_path):
    file = csv_file(tmp_path, timed(DAY + dt.timedelta(hours=i - 24) for i in range(96)), "time,load_mw,wind_mw,pv_mw")
    own = csv_profiles(file, 3600, start_date=DAY.date())
    assert (own.first_s, own.end_s, own.repeats) == (-86_400, 72 * 3600, False)
    with pytest.raises(ProfileError, match="covers only"):
        own.hourly(0, 73)
