"""What a circuit's script may do, and how the rest is told."""

import pytest

from models.network.three_phase.screening import screened
from models.network.three_phase.shipped import SHIPPED, master_of
from models.records.arrays import RecordError

CIRCUIT = "clear\nnew circuit.mine basekv=11 bus1=source\nnew load.a bus1=source kw=1\nset voltagebases=[11]\ncalcv\n"


@pytest.fixture
def written(tmp_path):
    """Writes files into a folder, one named `Master.dss`."""
    def write(text, **others):
        folder = tmp_path / "circuit"
        folder.mkdir(exist_ok=True)
        (tmp_path / "outside.txt").write_text("0.5\n")
        for name, content in {"Master.dss": text, **others}.items():
            (folder / name).write_text(content)
        return folder / "Master.dss"
    return write


@pytest.mark.parametrize("name", SHIPPED)
def test_what_comes_along_may_be_compiled(name):
    assert len(screened(master_of(f"dss:{name}")).circuits) == 1


@pytest.mark.parametrize(("line", "told"), [
    ("export voltages", "'export' is not allowed; a circuit's script may say"),
    ("EXPORT voltages", "'export' is not allowed"),
    ("ex voltages", "'ex' is not allowed"),
    ("save circuit dir=/tmp/x", "'save' is not allowed"),
    ("show voltages", "'show' is not allowed"),
    ("plot profile", "'plot' is not allowed"),
    ("fileedit Master.dss", "'fileedit' is not allowed"),
    ("doscmd rm -r /", "'doscmd' is not allowed"),
    ("shell ls", "'shell' is not allowed"),
    ("cd ..", "'cd' is not allowed"),
    ("var @a=b", "'var' is not allowed"),
    ("command=show voltages", "'command' is not allowed"),
    ("closedi", "'closedi' is not allowed"),
    ("kw=3", "'kw' is not allowed"),
    ("set datapath=/tmp", "sets 'datapath'; allowed options: voltagebases"),
    ("set editor=vi", "sets 'editor'"),
    ("set demandinterval=true", "sets 'demandinterval'"),
    ("solve demand=true", "sets 'demand'"),
    ("redirect ../outside.txt", "redirect '../outside.txt' leaves the folder of the script"),
    ("redirect /etc/passwd", "leaves the folder of the script"),
    ("redirect (../outside.txt)", "leaves the folder of the script"),
    ("compile ..\\outside.txt", "leaves the folder of the script"),
    ("buscoords ../outside.txt", "leaves the folder of the script"),
    ("redirect none.txt", "redirect 'none.txt' is no file"),
    ("redirect @a", "names no file"),
    ("redirect Master.dss", "again; each file is read once"),
    ("new loadshape.s npts=1 mult=(file=../outside.txt)", "file '../outside.txt' leaves the folder"),
    ("new loadshape.s npts=1 csvfile=../outside.txt", "csvfile '../outside.txt' leaves the folder"),
    ("new loadshape.s npts=1 csvf=../outside.txt", "csvf '../outside.txt' leaves the folder"),
    ("new loadshape.s 1 1 x.csv", "the value 'x.csv' must be named"),
    ("new loadshape.s npts=24 interval=1 mean=0.5 stddev=0.1", "property 'mean' draws its values"),
    ("new generator.g bus1=\"]\" daily=[ // ] usermodel=x", "a quote or bracket is not closed"),
    ("new generator.g bus1=source usermodel=evil.so", "'usermodel' loads or feeds a library"),
    ("new generator.g bus1=source userm=evil.so", "'userm' loads or feeds a library"),
    ("new object=generator.g bus1=source usermodel=evil.so", "'usermodel' loads or feeds a library"),
    ("new storage.g bus1=source\n~ dynadll=evil.so", "line 7: storage property 'dynadll' loads"),
    ("generator.g.usermodel=evil.so", "'usermodel' loads or feeds a library"),
    ("new generator.g 1 source 11 evil.so", "the value '1' must be named"),
    ('new generator.g bus1="a!b" usermodel=evil.so', "a quote or bracket is not closed"),
    ("new energymeter.m element=line.a action=save", "'action' writes files"),
    ("new upfc.u bus1=source", "new of 'upfc.u bus1=source'; allowed classes: circuit"),
    ("upfc.u.bus1=source", "edits 'upfc.u.bus1'; allowed classes"),
    ("new circuit.other", "makes a second circuit 'other' beside 'mine' of Master.dss line 2"),
])
def test_a_line_that_does_more_is_told_with_its_place(written, line, told):
    with pytest.raises(RecordError) as error:
        screened(written(CIRCUIT + line + "\n"))
    assert told in str(error.value)
    assert "Master.dss line " in str(error.value)


def test_what_is_read_is_screened_too_and_all_mistakes_come_at_once(written):
    master = written(CIRCUIT + "redirect more.txt\nplot a\n", **{"more.txt": "! a comment\nshow b\n"})
    with pytest.raises(RecordError) as error:
        screened(master)
    assert "2 mistakes" in str(error.value)
    assert "more.txt line 2: 'show'" in str(error.value)
    assert "Master.dss line 7: 'plot'" in str(error.value)


def test_comments_may_say_anything(written):
    master = written(CIRCUIT + "! show a\n// plot b\n/* export c\nsave d */\nset mode=snap ! shell\n")
    assert screened(master).circuits == ("mine",)


def test_coordinates_may_be_named_twice(tmp_path):
    """As by a script and one that it reads: nothing is done with them twice."""
    (tmp_path / "xy.csv").write_text("b1,0,0\n")
    (tmp_path / "Master.dss").write_text("new circuit.a\nbuscoords xy.csv\nbuscoords xy.csv\n")
    assert [file.name for file in screened(tmp_path / "Master.dss").files] == ["Master.dss", "xy.csv"]


def test_a_script_without_a_circuit_is_told(written):
    with pytest.raises(RecordError, match="makes no circuit; a script must hold one"):
        screened(written("clear\n"))


def test_bytes_that_are_no_text_are_told(tmp_path):
    (tmp_path / "Master.dss").write_bytes(b"new circuit.a\0")
    with pytest.raises(RecordError, match="is no text"):
        screened(tmp_path / "Master.dss")


def test_a_name_that_does_not_come_along_is_told():
    with pytest.raises(RecordError, match="feeder dss:ieee14: unknown, allowed: dss:ieee13"):
        master_of("dss:ieee14")


def test_what_was_screened_is_screened_again_when_it_has_changed(tmp_path):
    master, part, other = (tmp_path / name for name in ("Master.dss", "part.dss", "other.dss"))
    master.write_text("new circuit.a\nredirect part.dss\n")
    part.write_text("new line.x\n")
    other.write_text("show voltages\n")
    assert screened(master) is screened(master)
    part.write_text("show voltage\n")
    with pytest.raises(RecordError, match=r"part\.dss line 1"):
        screened(master)
    part.write_text("new line.x\n")
    assert len(screened(master).files) == 2
    part.unlink()
    with pytest.raises(RecordError, match="is no file"):
        screened(master)


def test_a_link_that_was_turned_is_screened_again(tmp_path):
    master, link = tmp_path / "Master.dss", tmp_path / "part.dss"
    for name, text in (("good.dss", "new line.x\n"), ("bad.dss", "show voltages\n")):
        (tmp_path / name).write_text(text)
    master.write_text("new circuit.a\nredirect part.dss\n")
    link.symlink_to("good.dss")
    screened(master)
    link.unlink()
    link.symlink_to("bad.dss")
    with pytest.raises(RecordError, match=r"bad\.dss line 1"):
        screened(master)
