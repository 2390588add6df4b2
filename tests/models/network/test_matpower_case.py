"""Cases of MATPOWER: the power flow of its own branch model, IEEE-33, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.network.power_flow import ac_engine
from models.network.source import FeederLimits, feeder_from, source_of
from models.network.sources.ieee33 import ieee33
from models.records.arrays import RecordError
from models.tables.content import content_of

pytest.importorskip("matpowercaseframes")
LIMITS = FeederLimits(v_max_pu=1.1)
BUSES = """	10	3	0	0	0	0	1	1	0	20	1	1.1	0.9;
	20	1	0.02	0.01	0	0	1	1	0	20	1	1.1	0.9;	% on the line
	30	1	0.1	0.05	0	0.02	1	1	0	0.4	1	1.1	0.9;
	40	1	0.05	0.01	0.001	0	1	1	0	0.4	1	1.1	0.9;
	50	1	0.2	0.08	0	0	1	1	0	10	1	1.1	0.9;
	60	1	0.01	0	0	0	1	1	0	10	1	1.1	0.9;
"""
BRANCHES = """	10	20	0.005	0.004	0.02	9	0	0	0	0	1	-360	360;
	30	20	0.06	0.24	0	0.5	0	0	0.97	0	1	-360	360;
	30	40	0.2	0.08	0	0.1	0	0	0	0	1	-360	360;
	20	50	0.01	0.08	0	1	0	0	1	0	1	-360	360;
	50	60	0.05	0.05	0	0.3	0	0	1.02	0	1	-360	360;
	40	60	0.1	0.1	0	0.3	0	0	0	0	0	-360	360;
"""


def written(folder: Path, buses: str = BUSES, branches: str = BRANCHES, more: str = "", name: str = "case.m") -> str:
    """A case on 2 MVA with the grid at 1.02 pu, as `savecase` writes it."""
    (folder / name).write_text(f"""function mpc = case
%CASE  some words

%% MATPOWER Case Format : Version 2
mpc.version = '2';
mpc.baseMVA = 2;
mpc.bus = [
{buses}];
mpc.gen = [
	10	0	0	9	-9	1.02	2	1	9	0;
];
mpc.branch = [
{branches}];
{more}""", encoding="utf-8")
    return str(folder / name)


def matpowers_voltages() -> np.ndarray:
    """[6] by MATPOWER's manual: Y_ff = (y + jb/2)/t^2, Y_ft = Y_tf = -y/t, Y_tt = y + jb/2, t at the from end."""
    bus, branch = (np.array([[float(v) for v in row.split("%")[0].rstrip("; ").split()]
                             for row in text.strip().replace(";", "").splitlines()]) for text in (BUSES, BRANCHES))
    row = {number: i for i, number in enumerate(bus[:, 0])}
    y = np.diag((bus[:, 4] + 1j * bus[:, 5]) / 2.0)
    for start, end, r, x, b, *_, tap, _, status, _, _ in branch:
        if status:
            i, j, t, series = row[start], row[end], tap or 1.0, 1 / (r + 1j * x)
            y[i, i] += (series + 0.5j * b) / t**2
            y[i, j] -= series / t
            y[j, i] -= series / t
            y[j, j] += series + 0.5j * b
    s = (bus[1:, 2] + 1j * bus[1:, 3]) / 2.0
    v = np.ones(5, dtype=complex)
    for _ in range(300):
        v = np.linalg.solve(y[1:, 1:], -np.conj(s / v) - y[1:, 0] * 1.02)
    return np.abs(np.r_[1.02, v])


def test_voltages_are_those_of_matpowers_branch_model(tmp_path: Path) -> None:
    """A charged line, transformers with and without a tap, told from either side, shunts, a branch that is off."""
    names = "mpc.bus_name = {\n" + "".join(f"\t'{name}';\n" for name in "abcdef") + "};\n"
    feeder = feeder_from(written(tmp_path, more=names), LIMITS)
    vm_pu = ac_engine(feeder, "pandapower").power_flow(feeder.p_base_kw[None], feeder.q_base_kvar[None]).vm_pu[0]
    assert dict(zip(feeder.bus_number.tolist(), feeder.bus_name, strict=True)) == dict(zip(
        range(10, 70, 10), "abcdef", strict=True))
    own = dict(zip(range(10, 70, 10), matpowers_voltages(), strict=True))
    assert np.ptp(list(own.values())) > 0.04
    assert vm_pu == pytest.approx([own[number] for number in feeder.bus_number.tolist()], abs=1e-9)
    account = source_of(feeder.name).account
    assert account is not None and account(feeder.name, LIMITS, {}).difference_pu < 1e-7


def test_ieee33_as_a_case_is_ieee33(tmp_path: Path) -> None:
    own = ieee33()
    buses, branches = [], []
    for i, number in enumerate(own.bus_number):
        buses.append(f"{number} {1 if i else 3} {own.p_base_kw[i] / 1e3!r} {own.q_base_kvar[i] / 1e3!r} "
                     "0 0 1 1 0 12.66 1 1.1 0.9;")
        if i:
            z = [float(part[i]) * 2 for part in (own.r_pu, own.x_pu)]
            branches.append(f"{own.bus_number[own.parent[i]]} {number} {z[0]!r} {z[1]!r} 0 9 0 0 0 0 1 -360 360;")
    text = written(tmp_path, "\n".join(buses).replace("np.float64(", "").replace(")", ""), "\n".join(branches))
    Path(text).write_text(Path(text).read_text().replace("\t10\t0\t0\t9\t-9\t1.02", "\t1\t0\t0\t9\t-9\t1"))
    case = feeder_from(text, LIMITS)
    assert case.r_pu == pytest.approx(own.r_pu, rel=1e-9) and case.x_pu == pytest.approx(own.x_pu, rel=1e-9)
    assert case.p_base_kw == pytest.approx(own.p_base_kw) and case.bus_number.tolist() == own.bus_number.tolist()


@pytest.mark.parametrize(("changes", "words"), [
    ({"more": "mpc.branch(:, [3 4]) = mpc.branch(:, [3 4]) / 160;\n"}, r"line 26: 'mpc.branch\(:.*a case that calcul"),
    ({"more": "Vbase = mpc.bus(1, 10) * 1e3;\n"}, "line 26: 'Vbase"),
    ({"branches": BRANCHES.replace("\t0.06\t", "\t3/50\t")}, "line 20: .*no row of numbers"),
    ({"branches": BRANCHES.replace(";\n", "; ", 1)}, "line 19: .*no row of numbers"),
    ({"buses": BUSES.replace("\t0.02\t0.01", "\t0,02\t0.01")}, "line 9: .*no row of numbers"),
    ({"branches": BRANCHES.replace("0.24\t0\t0.5", "0.24\t0.01\t0")},
     "branch 2, from bus 30 to bus 20, is a transformer with a charging of b = 0.01.*; branch 2.* without a rateA"),
    ({"branches": BRANCHES.replace("0\t0\t-360", "0\t1\t-360")}, "not radial: .*closes a ring"),
    ({"buses": BUSES.replace("\t20\t1\t0.02", "\t21\t1\t0.02")},
     "mpc.branch: row 1 stands at bus 20, which mpc.bus does not have"),
    ({"branches": BRANCHES.replace("\t9\t0\t0\t0", "\t0\t0\t0\t0", 1)}, "max_i_ka .*give line_rating_a")])
def test_what_cannot_be_read_is_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(RecordError, match=words):
        feeder_from(written(tmp_path, **changes), LIMITS)


def test_a_case_that_calculates_much_is_told_by_its_first_lines(tmp_path: Path) -> None:
    with pytest.raises(RecordError) as refused:
        feeder_from(written(tmp_path, more="".join(f"x{i} = {i};\n" for i in range(8))))
    text = str(refused.value)
    assert [f"line {number}: 'x{number - 26} = " in text for number in range(26, 34)] == [True] * 5 + [False] * 3
    assert text.endswith("; 3 more lines like these")


def test_buses_that_contradict_each_other_are_told_at_once(tmp_path: Path) -> None:
    buses = BUSES.replace("\t60\t1", "\t50\t1").replace("\t40\t1\t", "\t40.5\t1\t").replace("\t20\t1\t", "\t20\t3\t")
    with pytest.raises(RecordError) as refused:
        feeder_from(written(tmp_path, buses), LIMITS)
    for words in ("mpc.bus: 40.5 is no number of a bus", "mpc.bus: bus 50 is there twice",
                  "mpc.branch: row 5 stands at bus 60, which mpc.bus does not have",
                  "mpc.branch: row 6 stands at bus 40, which", "mpc.bus: 10, 20 of type 3, the reference; must be one"):
        assert words in str(refused.value)


@pytest.mark.parametrize(("base", "words"), [("", "has no mpc.baseMVA"), ("mpc.baseMVA = -2;", "-2 must be above 0")])
def test_a_case_needs_its_base(tmp_path: Path, base: str, words: str) -> None:
    file = Path(written(tmp_path))
    file.write_text(file.read_text(encoding="utf-8").replace("mpc.baseMVA = 2;", base), encoding="utf-8")
    with pytest.raises(RecordError, match=words):
        feeder_from(str(file), LIMITS)


def test_a_case_without_its_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.m").write_text("function mpc = x\nmpc.version = '2';\n")
    with pytest.raises(RecordError, match=r"has no table mpc\.branch; has no table mpc\.bus; has no table mpc\.gen"):
        feeder_from(str(tmp_path / "x.m"))
    with pytest.raises(RecordError, match="no such file"):
        feeder_from(str(tmp_path / "nowhere.m"))


def test_a_case_is_read_again_when_it_changes(tmp_path: Path) -> None:
    text = written(tmp_path)
    before = feeder_from(text, LIMITS)
    written(tmp_path, BUSES.replace("\t0.2\t0.08", "\t0.3\t0.08"))
    assert feeder_from(text, LIMITS).p_base_kw.sum() == pytest.approx(before.p_base_kw.sum() + 100.0)
    assert len(content_of(Path(text), 10_000)) > 100
