"""Inputs that once ended in a traceback, a hang or a wrong answer, one of each class, with the words that are right.

Each is (what it is, the case, words of the message; none where the input is right).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from tests.fuzz.files import ON_NET, PROFILES, REPLAY, SERIES, SESSIONS, as_csv
from tests.fuzz.judge import Case
from tests.fuzz.texts import STUDY

Known = tuple[str, Case, str]
LONG = "a" * 300
CHECK = ("check", "mine.yaml")
IMPOSSIBLE_DATES = ("2016-13-45", "2016-02-30", "2016-06-31", "0000-01-01", "0001-01-01", "9999-12-31",
                    "2016-01-01T99:00:00", "2016-01-01 25:61:61", "2016-01-01T00:00:00+99:00")
TAGS = ("!!timestamp 2001-99-99", "!!timestamp x", "!!int abc", "!!int ''", "!!int _", "!!int 0x", "!!int 0b",
        "!!float abc", "!!float ._", "!!bool abc", "!!binary aGVsbG8=", "!!str 5")
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
LAUGHING_MAPS = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{{', '.join(f'k{k}: *a{i - 1}' for k in range(9))}}}\n" for i in range(1, 12))


def scenario(text: str, **files: bytes) -> Case:
    """A file that extends the standing scenario."""
    return Case(CHECK, {"mine.yaml": f"extends: base.yaml\n{text}\n".encode(), **files})


def alone(text: str) -> Case:
    """A file of its own."""
    return Case(CHECK, {"mine.yaml": text.encode()})


def sessions(content: bytes, name: str = "ses.csv") -> Case:
    return Case(CHECK, {name: content, "mine.yaml": REPLAY.replace(b"ses.csv", name.encode())})


def profiles(content: bytes) -> Case:
    return Case(CHECK, {"own.csv": content, "mine.yaml": SERIES})


def study(old: str, new: str) -> Case:
    assert old.encode() in STUDY
    return Case(CHECK, {"mine.yaml": STUDY.replace(old.encode(), new.encode())})


def texts() -> list[Known]:
    """Scenarios and overrides."""
    dated = "profiles: {{source: simbench, start_date: {}}}"
    chain = {f"c{i}.yaml": f"extends: c{i + 1}.yaml\n".encode() for i in range(60)}
    return [
        *[(f"date {text}", scenario(dated.format(text)), "start_date") for text in IMPOSSIBLE_DATES],
        *[(f"days of a recording {text}", sessions_from(text), "sessions_start_date") for text in IMPOSSIBLE_DATES[:5]],
        *[(f"{key}={text}", Case(("check", "base.yaml", "--set", f"{key}={text}")), key)
          for key in ("planning.redispatch", "tariff.table") for text in IMPOSSIBLE_DATES[:1]],
        *[(f"tag {text}", scenario(f"days: {text}"), "has a tag") for text in TAGS],
        *[(f"tag at the root {text}", alone(text), "has a tag") for text in TAGS],
        ("lists in lists", alone("a: " + "[" * 3000 + "]" * 3000), "nested deeper than"),
        ("blocks in blocks", alone("a: " + "{b: " * 3000 + "}" * 3000), "nested deeper than"),
        ("lists of aliases", alone(LAUGHS), "each use of an alias counted"),
        ("blocks of aliases", alone(LAUGHING_MAPS), "each use of an alias counted"),
        ("a long row of bases", Case(CHECK, {**chain, "c60.yaml": b"", "mine.yaml": b"extends: c0.yaml\n"}),
         "base of more than 20 files"),
        ("a link to itself", Case(CHECK, {"mine.yaml": b"extends: loop.yaml\n"}, {"loop.yaml": "loop.yaml"}),
         "no such scenario"),
        ("NUL in a path", alone('extends: "smoke\\0.yaml"'), "without control characters"),
        ("a long name", alone(f"extends: {LONG}"), "at most 4000 bytes, 255 in each"),
        ("a long hidden name", alone(f"extends: .{LONG}"), "at most 4000 bytes, 255 in each"),
        ("a long path", alone(f"extends: {'/a' * 3000}"), "at most 4000 bytes, 255 in each"),
        ("control characters", scenario("name: a\x1bb"), "special characters are not allowed"),
        ("a name that is a path", scenario('name: "\\0"'), "name"),
        ("a very long name", scenario(f"name: {'a' * 5000}"), "name"),
        ("a key in keys", Case(("check", "base.yaml", "--set", "a." * 1500 + "a=1")), "at most 20 parts in the key"),
    ]


def sessions_from(day: str) -> Case:
    return Case(CHECK, {"ses.csv": as_csv(SESSIONS), "mine.yaml": REPLAY.replace(b"2019-05-06", day.encode())})


def tables() -> list[Known]:
    """Sessions and series."""
    right, series, late = as_csv(SESSIONS), as_csv(PROFILES), as_csv([SESSIONS[0], *SESSIONS[7:]])
    packed = gzip.compress(right, mtime=0)
    return [
        ("sessions in Latin-1", sessions(right.replace(b",A\n", b",\xba\xff\n")), ""),
        ("sessions of no code", sessions(right.replace(b",A\n", b",\x81\n")), "is no text in utf-8 or windows-1252"),
        ("sessions, short rows", sessions(right[:-60]), "cells, the header 6"),
        ("sessions, no rows", sessions(right.split(b"\n")[0]), "holds a header and no rows"),
        ("sessions, none before the first day", sessions(late), ""),
        ("sessions, a large cell", sessions(right + b"x" * 200_000 + b"\n"), "a cell is too long"),
        ("sessions, not packed", sessions(b"hello", "ses.csv.gz"), "Not a gzipped file"),
        ("sessions, half packed", sessions(packed[:-9], "ses.csv.gz"), "cannot be read"),
        ("sessions, packed under a plain name", sessions(packed), "is no text"),
        ("sessions, a long name", Case(CHECK, {"mine.yaml": REPLAY.replace(b"ses.csv", LONG.encode())}), "sessions"),
        ("series in UTF-16", profiles(series.decode().encode("utf-16")), ""),
        ("series, binary", profiles(bytes(range(256)) * 20), "is no text"),
        ("series, no header", profiles(series.split(b"\n", 1)[1]), "lacks the columns load_mw"),
        ("series, no code", profiles(series + b"\x81"), "is no text in utf-8 or windows-1252"),
        ("series, a large cell", profiles(series + b"9" * 200_000 + b",1,1\n"), "a cell is too long"),
        ("series, a long name", scenario(f"profiles: {{source: csv, file: {LONG}}}"), "profiles.file"),
    ]


def studies() -> list[Known]:
    """Studies."""
    return [
        ("a study without a name", study("description", "name: ''\ndescription"), "name"),
        ("a study named nan", study("description", "name: .nan\ndescription"), "name"),
        ("days of no calendar as seeds", study("seeds: 1", "seeds: {days: [2016-13-45]}"), "seeds"),
        ("days of no calendar", study("{days: 1}", "{days: [2016-13-45]}"), "days"),
        ("NUL in a study", study("base.yaml", '"\\0"'), "control characters"),
        ("a long name in a study", study("base.yaml", LONG), "255 in each"),
        ("more seeds than can be run", study("seeds: 1", "seeds: 99999999999999999999999"), "seeds"),
        ("a study with control characters", study("Two cases", "Two\x1d"), "special characters are not allowed"),
    ]


# ---------------------------------------------------------------- networks
def networks(net: bytes) -> list[Known]:
    """Tables that are none, columns and rows that are missing, numbers that cannot be."""
    def other(what: str, change: Callable[[dict[str, Any]], None], words: str) -> Known:
        tree = json.loads(net)
        change(tree["_object"])
        return f"net, {what}", Case(CHECK, {"net.json": json.dumps(tree).encode(), "mine.yaml": ON_NET}), words

    values: tuple[Any, ...] = (None, 5, "x", [], {})
    return [
        *[other(f"{table} = {value!r}", replaced(table, value), table)
          for table, some in (("bus", values), ("line", values[:3]), ("load", values[2:4]), ("ext_grid", values[1:3]),
                              ("switch", values), ("trafo", values[2:]))
          for value in some],
        *[other(f"vn_kv = {value!r}", cell("bus", "vn_kv", value), "vn_kv")
          for value in (-10.0, 0.0, 1e-9, float("nan"), float("inf"), "x")],
        other("a line across levels", cell("bus", "vn_kv", 0.4), "joins bus 0 of 20 kV with bus 1 of 0.4 kV"),
        *[other(f"{table} without {column}", dropped(table, column), column)
          for table, column in (("load", "p_mw"), ("line", "r_ohm_per_km"), ("bus", "vn_kv"))],
        other("a load in words", cell("load", "p_mw", "x"), "p_mw"),
        other("a load nowhere", cell("load", "bus", 999), "999"),
        other("no bus", rows("bus", lambda table: table.update(index=[], data=[])), "bus"),
        other("a bus twice", rows("bus", lambda table: table.update(index=[0, 0, 2, 3])), "bus"),
        other("buses by letters", rows("bus", lambda table: table.update(index=["a", "b", "c", "d"])), "bus"),
        other("buses by halves", rows("bus", lambda table: table.update(index=[0.5, 1.5, 2.5, 3.5])), "bus"),
        other("foreign code", lambda tables: tables.update(bus={"_module": "os", "_class": "system"}), "'os'"),
        ("net, half of it", Case(CHECK, {"net.json": net[:3000], "mine.yaml": ON_NET}), "is no JSON"),
    ]


def replaced(table: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda tables: tables.update({table: value})


def rows(table: str, change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def changed(tables: dict[str, Any]) -> None:
        inner = json.loads(tables[table]["_object"])
        change(inner)
        tables[table]["_object"] = json.dumps(inner)
    return changed


def cell(table: str, column: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def put(inner: dict[str, Any]) -> None:
        inner["data"][1][inner["columns"].index(column)] = value
    return rows(table, put)


def dropped(table: str, column: str) -> Callable[[dict[str, Any]], None]:
    def drop(inner: dict[str, Any]) -> None:
        place = inner["columns"].index(column)
        del inner["columns"][place]
        for row in inner["data"]:
            del row[place]
    return rows(table, drop)
