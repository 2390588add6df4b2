"""The suite of cases: every answer inside its band, every mistake told, a new case only a folder."""

import shutil
from importlib.metadata import version

import pytest

from testbed.acceptance.case import EXPECTED, INPUTS, LAYERS, QUESTION, CaseError, Right, read_case, read_cases
from testbed.acceptance.judging import judged, judged_refusal, our_verdict
from testbed.acceptance.kind import KINDS
from testbed.acceptance.peers import COLUMNS, read_peers
from testbed.acceptance.suite import SHIPPED, run_suite
from tests.testbed.cli_runs import call

CASES = read_cases(SHIPPED)
QUICK = set(KINDS) - {"commitment"}
"""Kinds that need no solver of programs."""
MINE = "charger_of_mine"
RIGHT = "right:\n  stored_kwh: {unit: kWh, value: 6, tolerance: 1.0e-6}"


@pytest.fixture
def mine(tmp_path):
    """A case of one's own in a folder of cases."""
    folder = tmp_path / "cases" / MINE
    folder.mkdir(parents=True)
    (folder / QUESTION).write_text("# Mine\n\nWhat do 3 kW store in 2 h?\n")
    (folder / INPUTS).write_text("cars: cars.csv\n")
    (folder / "cars.csv").write_text("capacity_kwh,soc,power_kw,hours,p_charge_max_kw\n50,0.5,3,2,7\n")
    (folder / EXPECTED).write_text("layer: component\nkind: charging\nright:\n  stored_kwh: {unit: kWh, value: 6, "
                                   "tolerance: 1.0e-6}\nsource: arithmetic\ndate: 2026-11-29\nagree: [testbed]\n")
    return folder


def changed(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def shipped_as_changed(name, file, old, new, folder):
    """A copy of one of our cases, with a mistake in it."""
    shutil.copytree(SHIPPED / name, folder / name)
    changed(folder / name, file, old, new)
    return read_case(folder / name)[0]


@pytest.mark.parametrize("case", [case for case in CASES if case.kind in QUICK], ids=lambda case: case.name)
def test_quick_cases_are_answered_right(case):
    assert our_verdict(case).status == "right", our_verdict(case).got


@pytest.mark.slow
def test_the_whole_suite_is_answered_right_and_engines_agree_as_the_cases_say():
    outcome = run_suite()
    assert [verdict for verdict in outcome.ours if verdict.status != "right"] == []
    assert outcome.disagreements == []
    assert len(outcome.peers) == 2
    page = SHIPPED.parent / "releases" / f"{version('v2g-testbed')}.md"
    assert page.read_text(encoding="utf-8") == outcome.page(), f"testbed acceptance -o {page}"


def test_there_are_enough_cases_of_every_layer():
    assert len(CASES) >= 40
    assert sum(case.refusal is not None for case in CASES) >= 12
    assert {case.layer for case in CASES} == set(LAYERS)
    assert {case.kind for case in CASES} == set(KINDS)


def test_what_cases_say_of_other_engines_is_what_was_recorded():
    peers = read_peers(sorted((SHIPPED.parent / "peers").glob("*.csv")))
    assert len(peers) == 2
    for peer in peers:
        assert set(peer.answers) == {case.name for case in CASES}
        agree = [case.name for case in CASES if peer.verdict(case).status == "right"]
        assert agree == [case.name for case in CASES if peer.name in case.agree]
        assert agree, "or nothing is compared"


def test_the_page_explains_every_kind():
    text = (SHIPPED.parents[2] / "docs" / "acceptance.md").read_text(encoding="utf-8")
    rows = [f"| `{kind.name}` | {kind.what} | {kind.inputs} | {kind.gives} |" for kind in KINDS.values()]
    assert [row for row in rows if row not in text] == []


def test_a_new_folder_is_a_new_case(mine, tmp_path):
    done = call("acceptance", "--cases", str(mine.parent), "-o", str(tmp_path / "page.md"))
    assert done.exit_code == 0, done.output
    assert "stored_kwh=6 kWh" in done.stdout and "testbed: 1 right, 0 wrong" in done.stdout
    assert f"| {MINE} | Mine | stored_kwh 6 ± 1e-06 kWh | right |" in (tmp_path / "page.md").read_text()


def test_a_wrong_answer_is_told_and_the_command_fails(mine):
    changed(mine, EXPECTED, "value: 6", "value: 7")
    done = call("acceptance", "--cases", str(mine.parent))
    assert done.exit_code == 1
    assert "wrong" in done.stdout and "stored_kwh=6 kWh" in done.stdout


@pytest.mark.parametrize("file", [QUESTION, INPUTS, EXPECTED])
def test_a_missing_piece_is_one_message(mine, file, tmp_path):
    (mine / file).unlink()
    done = call("acceptance", "--cases", str(mine.parent), "-o", str(tmp_path / "page.md"))
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert MINE in done.stderr and f"lacks {file};" in done.stderr
    assert not (tmp_path / "page.md").exists()


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    (EXPECTED, "layer: component", "layer: cellar", "layer: 'cellar', allowed: component, mobility"),
    (EXPECTED, "kind: charging", "kind: magic", "kind: 'magic', allowed: cell_wear, charging"),
    (EXPECTED, "date: 2026-11-29", "date: soon", "date: 'soon', allowed: a day as 2026-11-29"),
    (EXPECTED, "source: arithmetic\n", "", "lacks source"),
    (EXPECTED, "agree: [testbed]", "agree: all", "agree: 'all', allowed: a list of engines"),
    (EXPECTED, "agree:", "agreed: 1\nagree:", "agreed: unknown, allowed: layer, kind"),
    (EXPECTED, "value: 6, tolerance: 1.0e-6", "value: 6", "stored_kwh: needs unit, and value with tolerance"),
    (EXPECTED, "value: 6", "value: six", "stored_kwh: value: 'six' is no number"),
    (EXPECTED, "tolerance: 1.0e-6", "tolerance: -1", "the band is empty: tolerance: -1, must be 0 or more"),
    (EXPECTED, "value: 6, tolerance: 1.0e-6", "least: 7, most: 5", "empty: least: 7 must not be above most: 5"),
    (EXPECTED, "unit: kWh, ", "", "or least with most; has value, tolerance"),
    (EXPECTED, "unit: kWh", "unit: MWh", "right: stored_kwh: unit: 'MWh', must be 'kWh'"),
    (EXPECTED, "unit: kWh", "unit: null", "right: stored_kwh: unit: None, must be a text"),
    (EXPECTED, "agree: [testbed]", "agree: [testbed, matpower]", "agree: 'matpower', allowed: testbed, acn-sim"),
    (EXPECTED, "source: arithmetic", "source:", "source: None, must be a text"),
    (EXPECTED, "layer: component", "layer: component\nlayer: money", "layer: stands twice in its block"),
    (INPUTS, "cars: cars.csv", "cars: cars.csv\ncurv: cars.csv", "inputs.yaml: curv: charging does not ask for it; it"),
    ("cars.csv", "7\n", "7,0.9\n", "row 1 has more cells than the header, which has 5"),
    (EXPECTED, "stored_kwh", "heaped_kwh", "right: heaped_kwh: charging gives charged_kwh"),
    (EXPECTED, "right:", "must_fail: {reason: x, words: []}\nright:", "needs either right or must_fail"),
    (EXPECTED, RIGHT, "right: 6", "right: must hold quantities"),
    (EXPECTED, RIGHT, "must_fail: {reason: x}", "must_fail: needs reason and words"),
    (EXPECTED, RIGHT, "must_fail: {reason: x, words: []}", "must_fail: words: must be a list of texts, at least one"),
    ("cars.csv", "50,0.5,3,2,7\n", "", "holds no rows"),
    (INPUTS, "cars: cars.csv", "cars: cabs.csv", "cars: cabs.csv is not in the folder"),
    (INPUTS, "cars: cars.csv", "cabs: cars.csv", "lacks cars"),
    (INPUTS, "cars: cars.csv", "- 1", "must hold keys with values"),
    (INPUTS, "cars: cars.csv", "cars: [", "is no YAML"),
    ("cars.csv", "0.5", "half", "row 1, soc: 'half' is no number"),
    ("cars.csv", "soc,", "state,", "row 1 lacks a cell soc"),
    (QUESTION, "# Mine", "Mine", "must begin with `# ` and a title"),
])
def test_what_a_case_says_wrongly_is_told(mine, file, old, new, words):
    changed(mine, file, old, new)
    done = call("acceptance", "--cases", str(mine.parent))
    assert done.exit_code == 2, done.output
    assert file in done.stderr and words in done.stderr


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    (INPUTS, "rating_kva: 400", "rating_kva: true", "rating_kva: True is no number"),
    (INPUTS, "rating_kva: 400", "rating_kva: big", "rating_kva: 'big' is no number"),
])
def test_an_input_that_is_no_number_is_told(tmp_path, file, old, new, words):
    case = shipped_as_changed("transformer_losses_half_load", file, old, new, tmp_path)
    with pytest.raises(CaseError, match=words) as error:
        our_verdict(case)
    assert str(error.value).startswith(str(case.inputs.folder / file))


def test_a_load_in_the_script_is_the_same_as_one_at_a_port(tmp_path):
    load = "new load.x bus1=end.1 phases=1 kv=0.230940108 kw=5 kvar=0 model=1\n"
    case = shipped_as_changed("one_phase_load", "circuit.dss", "set voltagebases", load + "set voltagebases", tmp_path)
    changed(case.inputs.folder, INPUTS, "ports: ports.csv\n", "")
    assert our_verdict(read_case(case.inputs.folder)[0]).status == "right"


@pytest.mark.parametrize(("name", "file", "old", "new", "words"), [
    ("transformer_losses_half_load", INPUTS, "tier2", "tier9", "tier 'tier9', allowed: tier1, tier2"),
    ("transformer_losses_half_load", INPUTS, "rating_kva: 400", "rating_kva: 0", "rating_kva = 0, must be above 0"),
    ("one_phase_load", "ports.csv", "end,1,", "end,a,", "ports: phases 'a' must be 1, 2, 3, two of them, or 123"),
    ("one_phase_load", "ports.csv", "1,5,0", "1,5e6,0", "the power flow does not converge: no voltages carry"),
    ("sessions_of_two_cars", INPUTS, "sessions:", "time_zone: Mars/Base\nsessions:",
     "time_zone = 'Mars/Base', must be a name of the IANA database"),
])
def test_what_no_engine_could_answer_is_refused_with_its_reason(tmp_path, name, file, old, new, words):
    told = our_verdict(shipped_as_changed(name, file, old, new, tmp_path))
    assert told.status == "wrong" and told.got.startswith("refuses: ") and words in told.got


def test_a_table_that_is_no_text_is_told(mine):
    (mine / "cars.csv").write_bytes(b"capacity_kwh\n\xff\n")
    done = call("acceptance", "--cases", str(mine.parent))
    assert done.exit_code == 2 and "cars.csv: is no table of text in UTF-8: 'utf-8' codec" in done.stderr


def test_the_page_tells_refusals_and_what_other_engines_said(mine, tmp_path):
    changed(mine, EXPECTED, RIGHT, "must_fail: {reason: cars have no such power, words: [power_kw, nan]}")
    changed(mine, "cars.csv", "3,2,7", "nan,2,7")
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers" / "other.csv").write_text(
        ",".join(COLUMNS) + f"\nother,1.2,2026-11-29,{MINE},value,stored_kwh,6,\n")
    done = call("acceptance", "--cases", str(mine.parent), "-o", str(tmp_path / "page.md"))
    assert done.exit_code == 0, done.output
    page = (tmp_path / "page.md").read_text()
    assert f"| {MINE} | Mine | refused: cars have no such power | right | **wrong** |" in page
    assert f"- `{MINE}`, other: answers stored_kwh=6\n" in page and "other 1.2 was asked on 2026-11-29." in page


def test_a_column_that_nobody_asks_for_is_told(mine):
    """As one misspelt is, in whose place a default would stand."""
    (mine / "cars.csv").write_text("capacity_kwh,soc,power_kw,hours,p_charge_max_kw,eta_charg\n50,0.5,3,2,7,0.9\n")
    done = call("acceptance", "--cases", str(mine.parent))
    assert done.exit_code == 2 and "cars.csv: column eta_charg: charging does not ask for it" in done.stderr


@pytest.mark.parametrize(("old", "new", "words"), [
    ("3,2,7", "nan,2,7", "refuses: cars: row 1, power_kw = nan, must be a finite number"),
    ("3,2,7", "3,-2,7", "refuses: cars: row 1, hours = -2, must be at least 0")])
def test_a_number_that_cannot_be_is_refused_as_such(mine, old, new, words):
    changed(mine, "cars.csv", old, new)
    done = call("acceptance", "--cases", str(mine.parent))
    assert done.exit_code == 1 and words in done.stdout


@pytest.mark.parametrize(("name", "words"), [("page.txt", "must end in .md"), ("taken/page.md", "is a file, must be")])
def test_a_page_that_cannot_be_written_is_told_before_anything_is_asked(mine, tmp_path, name, words):
    (tmp_path / "taken").write_text("mine")
    done = call("acceptance", "--cases", str(mine.parent), "-o", str(tmp_path / name))
    assert done.exit_code == 2 and words in done.stderr and not done.stdout
    done = call("acceptance", "--cases", str(mine.parent), "-o", str(tmp_path / "new" / "page.md"))
    assert done.exit_code == 0 and (tmp_path / "new" / "page.md").exists()


def test_all_mistakes_come_at_once(mine):
    shutil.copytree(mine, mine.parent / "other")
    (mine / QUESTION).unlink()
    changed(mine.parent / "other", EXPECTED, "layer: component\n", "")
    with pytest.raises(CaseError) as error:
        read_cases(mine.parent, ["nobody"])
    assert [text.split(": ", 1)[1] for text in error.value.mistakes] == ["has no case 'nobody'"]
    with pytest.raises(CaseError) as error:
        read_cases(mine.parent)
    assert len(error.value.mistakes) == 2


def test_a_folder_without_cases_is_told(tmp_path):
    with pytest.raises(CaseError, match="holds no case; a case is a folder with"):
        read_cases(tmp_path / "nothing")


def test_bands_hold_their_ends_and_no_nan():
    band = Right("x", "1", 1.0, 2.0)
    assert [band.holds(value) for value in (1.0, 2.0, 0.99, 2.01, float("nan"))] == [True, True, False, False, False]


def test_a_refusal_must_be_asked_for_and_say_its_words(mine):
    good, _ = read_case(mine)
    assert judged_refusal(good, "x", "too much").status == "wrong"
    changed(mine, EXPECTED, RIGHT, "must_fail: {reason: too much, words: [SOC, '1.2']}")
    failing, _ = read_case(mine)
    assert judged_refusal(failing, "x", "soc of 1.2").status == "right"
    assert judged_refusal(failing, "x", "soc").status == "wrong"
    assert judged(failing, "x", {"stored_kwh": 6.0}).status == "wrong", "an answer where there is none"


@pytest.mark.parametrize(("row", "words"), [("e,1,2026-11-29,a,maybe,,,", "outcome 'maybe', allowed: value"),
                                            ("e,1,2026-11-29,a,value,x,six,", "value 'six' is no number"),
                                            ("e,1,2026-11-29,a,value,x", "value None is no number")])
def test_wrong_tables_of_other_engines_are_told(tmp_path, row, words):
    file = tmp_path / "e.csv"
    file.write_text(",".join(COLUMNS) + f"\n{row}\n")
    with pytest.raises(CaseError, match=f"line 2: {words}"):
        read_peers([file])


@pytest.mark.parametrize(("text", "words"), [(b"engine\nx\n", "must hold rows with the columns"),
                                             (b"engine\n\xff\n", "is no table of text in UTF-8: 'utf-8' codec")])
def test_a_table_of_another_form_is_told(tmp_path, text, words):
    file = tmp_path / "e.csv"
    file.write_bytes(text)
    with pytest.raises(CaseError, match=f"e.csv: {words}"):
        read_peers([file])
