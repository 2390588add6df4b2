"""The one reader of users' tables: what it sees by itself, what it is told, and what it refuses."""

import gzip
from pathlib import Path

import pytest

from models.tables.mistakes import TableError
from models.tables.table_format import TableFormat, is_time_zone
from models.tables.text import MOST_BYTES
from models.tables.user_table import UserTable

NAMES = {"name": ("name",), "size": ("size", "size_kwh"), "at": ("at",)}
PLAIN = "name,size,at\nBäume,1.5,2019-05-06 08:00\nb,2,2019-05-06 09:00\n"


def table(folder: Path, content: str | bytes, form: TableFormat | None = None, name: str = "own.csv") -> UserTable:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return UserTable(file, NAMES, ("size",), ("size",), form or TableFormat())


def sizes(folder: Path, content: str | bytes, form: TableFormat | None = None, name: str = "own.csv") -> list[float]:
    read = table(folder, content, form, name)
    values = read.numbers("size", 1e6, is_needed=True)
    read.mistakes.refuse()
    return values.tolist()


def message(folder: Path, content: str | bytes, form: TableFormat | None = None) -> str:
    with pytest.raises(TableError) as raised:
        sizes(folder, content, form)
    assert str(raised.value).startswith(str(folder / "own.csv"))
    return str(raised.value)


@pytest.mark.parametrize("content", [
    PLAIN, PLAIN.replace("\n", "\r\n"), PLAIN.replace("\n", "\r"), PLAIN + "\n\n", PLAIN.rstrip(), "\ufeff" + PLAIN,
    PLAIN.replace(",", ";"), PLAIN.replace(",", "\t"), PLAIN.replace(",", "|"), PLAIN.replace("size", "size_kwh"),
    PLAIN.replace(",", ", "), '"name","size","at"\n"Bäume","1.5","x"\n"b",2,x\n',
    PLAIN.replace(",", ";").replace("1.5", "1,5"), PLAIN.replace("1.5", '"1,5"'),
    PLAIN.encode("utf-16"), PLAIN.encode("latin-1"), PLAIN.encode("utf-8-sig"),
])
def test_ways_in_which_one_table_is_written(tmp_path, content):
    assert sizes(tmp_path, content) == [1.5, 2.0]


def test_a_gzipped_table(tmp_path):
    assert sizes(tmp_path, gzip.compress(PLAIN.encode(), mtime=0), name="own.csv.gz") == [1.5, 2.0]


def test_what_is_declared_holds(tmp_path):
    assert sizes(tmp_path, "size;at\n1,500;x\n", TableFormat(decimal_sign="comma")) == [1.5]
    assert sizes(tmp_path, PLAIN.encode("utf-16-le"), TableFormat(encoding="utf-16-le")) == [1.5, 2.0]
    assert "is no text in utf-8" in message(tmp_path, PLAIN.encode("latin-1"), TableFormat(encoding="utf-8"))
    assert "lacks the columns size" in message(tmp_path, PLAIN, TableFormat(delimiter="semicolon"))


def test_how_it_was_read_is_told(tmp_path):
    odd = table(tmp_path, PLAIN.replace(",", ";").replace("name", "colour").encode("latin-1"))
    assert list(odd.notes()) == ["read with encoding windows-1252, delimiter semicolon", "columns not read: 'colour'"]
    assert list(table(tmp_path, PLAIN).notes()) == []


@pytest.mark.parametrize(("content", "words"), [
    ("", "is empty"), ("\n \n", "is empty"), ("name,size\n", "holds a header and no rows"),
    ("name,size,size\na,1,2\n", "has columns twice: 'size'"), ("size,size_kwh\n1,1\n", "has size twice"),
    ("name\na\n", "lacks the columns size; its header reads 'name'"),
    ("size,name\n1\n", "row 1 (line 2): has 1 cells, the header 2"),
    ("name,size,at\na,10,5,x\n", "row 1 (line 2): has 4 cells, the header 3, split at each comma; a decimal comma"),
    ('size,name\n1,"a\n2,b\n3,"c\n', "2 mistakes"), ('"size,name\n1,2\n', "the header has a quote that is not closed"),
    ("size\n1,234\n".replace("\n1,234", '\n"1,234"'), "may be a decimal comma or one of thousands"),
    ('size,at\n"1,5",x\n2.5,x\n', "row 1 (line 2): column size '1,5' is no number"),
    ("size\n1_000\n", "'1_000' is no number"), ("size\ninf\n", "'inf' is no number"), ("size\n٣\n", "is no number"),
    ("size\n1e400\n", "out of range"), ("size,at\n,x\n", "row 1 (line 2): column size is empty"),
    ("size\n-1\n", "column size '-1' is out of range, allowed: 0 to 1e+06"), ("size\n\x1b[2J\n", r"'\x1b[2J'"),
    (b"\x00\x01\x02", "NUL"), (b"size\n\x81\x8d\n", "is no text in utf-8 or windows-1252"),
    ("size\n" + "9" * 200_000 + "\n", "row 1 (line 2)"), (b"\xff\xfes\x00i\x00z", "is no text in utf-16"),
])
def test_what_cannot_be_read_is_told_where_it_stands(tmp_path, content, words):
    assert words in message(tmp_path, content)


def test_every_mistake_of_a_file_in_one_message(tmp_path):
    told = message(tmp_path, "size,at\n1,x\ntwo,x\n3\n-4,x\n,x\n" + "x,x\n" * 30)
    assert "34 mistakes" in told and "and 14 more" in told and len(told.splitlines()) == 22
    assert [line.split(":")[0].strip() for line in told.splitlines()[1:5]] == [
        f"row {row} (line {row + 1})" for row in (2, 3, 4, 5)]


@pytest.mark.parametrize(("name", "content", "words"), [
    ("x.csv.gz", b"hello", "cannot be read: Not a gzipped file"),
    ("x.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)[:-9], "cannot be read"),
    ("x.csv.gz", gzip.compress(b"0" * (MOST_BYTES + 5)), "holds more than 32 MB"),
], ids=["not packed", "cut off", "too long"])
def test_packed_files_that_cannot_be_unpacked(tmp_path, name, content, words):
    with pytest.raises(TableError, match=words):
        table(tmp_path, content, name=name)


@pytest.mark.parametrize("name", ["none.csv", "a" * 300 + ".csv", ".", "x\0y"])
def test_names_of_no_file(tmp_path, name):
    with pytest.raises(TableError, match=r"no such file|cannot be read|is no regular file"):
        UserTable(tmp_path / name, NAMES, (), (), TableFormat())


def test_time_zones_are_those_of_the_database():
    assert is_time_zone("America/Los_Angeles") and is_time_zone("UTC")
    assert not any(map(is_time_zone, ("Mars/Olympus", "", "/etc/passwd", "../UTC", "America", "PST-8PDT,x")))
