"""What a circuit's script may do: describe a circuit. Nothing is compiled of which a line says anything else.

The language of OpenDSS can write files, start programs, change folders and load libraries. So each line of the script
and of every file that it reads is held against lists of what is allowed; commands and options must be written as they
are there, since the engine would understand shorter forms of others too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from models.records.arrays import RecordError
from models.tables.content import content_of

MOST_BYTES = 200_000_000
"""Of all files of a script together."""
MOST_FILES = 5_000
MOST_TOLD = 20
READS = ("compile", "redirect")
COORDINATES = ("buscoords", "latlongcoords")
COMMANDS = (*READS, *COORDINATES, "new", "edit", "batchedit", "~", "more", "m", "set", "solve", "clear", "clearall",
            "calcvoltagebases", "calcv", "makebuslist", "open", "close", "enable", "disable", "setkvbase", "select",
            "interpolate")
CLASSES = ("circuit", "vsource", "isource", "line", "linecode", "linegeometry", "linespacing", "wiredata", "cndata",
           "tsdata", "transformer", "xfmrcode", "autotrans", "regcontrol", "capacitor", "capcontrol", "reactor",
           "swtcontrol", "fuse", "recloser", "relay", "tcc_curve", "load", "loadshape", "growthshape", "tshape",
           "xycurve", "spectrum", "generator", "pvsystem", "invcontrol", "storage", "energymeter", "monitor", "sensor")
OPTIONS = ("voltagebases", "defaultbasefrequency", "frequency", "controlmode", "mode", "maxcontroliter",
           "maxiterations", "maxiter", "tolerance", "loadmult", "loadmodel", "algorithm", "number", "stepsize", "hour",
           "sec", "time", "year", "marktransformers", "markcapacitors", "markregulators", "markswitches", "nodewidth",
           "trapezoidal", "earthmodel", "normvminpu", "normvmaxpu", "emergvminpu", "emergvmaxpu", "cktmodel",
           "defaultdaily", "defaultyearly", "allocationfactors")
PROGRAMS = ("usermodel", "userdata", "dynadll", "dynadata", "dynamiceq", "ctrlmodel", "userdll", "dllname")
"""Properties that load a library, or give it something."""
OF_PROGRAMS = ("generator", "pvsystem", "storage", "capcontrol")
"""Classes that have such properties: each of their values must be named."""
WRITERS = ("energymeter", "monitor", "sensor")
"""Classes whose `action` writes files."""
FILES = ("csvfile", "pqcsvfile", "sngfile", "dblfile", "file")
RANDOM = ("mean", "stddev")
"""Properties in place of values."""
WITH_FILES = ("loadshape", "growthshape", "tshape", "xycurve", "spectrum")
_WORD = re.compile(r"\s*([^\s=,\"'(\[{]+)")
_OBJECT = re.compile(r"\s*(?:object\s*=\s*)?[\"'(\[{]?\s*([a-z_0-9]+)\.", re.IGNORECASE)
_OPTION = re.compile(r"([%\w\-]+)\s*=")
_VALUE = re.compile(r"(?:([%\w\-.]+)\s*=\s*)?(\"[^\"]*\"|'[^']*'|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|[^\s,=]+)")
_FILE_INSIDE = re.compile(r"\b(\w*file)\s*=\s*[\"'(\[{]*\s*([^\s\"')\]},|]*)", re.IGNORECASE)
_QUOTED = "\"'()[]{}"
_QUOTING = re.compile(r"[\"'()\[\]{}]")
_CLOSERS = {'"': '"', "'": "'", "(": ")", "[": "]", "{": "}"}
_FIRST_VALUE = re.compile(r"\s*(?:file\s*=\s*)?(?:\"([^\"]*)\"|'([^']*)'|\(([^)]*)\)|\[([^\]]*)\]|\{([^}]*)\}|(\S+))",
                          re.IGNORECASE)


class Line(NamedTuple):
    file: Path
    number: int
    text: str
    """Without its comment."""


class Screened(NamedTuple):
    """A script that may be compiled."""

    files: tuple[Path, ...]
    """The script and all that it reads, each once, in the order they are met."""
    circuits: tuple[str, ...]
    """Names of the circuits that it makes."""


class _Known(NamedTuple):
    """What a script was found to be, and what that hangs on."""

    screened: Screened
    digests: list[bytes]
    """Of all that it reads."""
    places: dict[Path, Path]
    """Where each path that it names led to: links may be turned."""

    def still_holds(self) -> bool:
        return all(path.resolve() == place for path, place in self.places.items()) and self.digests == _digests(
            self.screened.files)


_KNOWN: dict[Path, _Known] = {}


def screened(master: Path) -> Screened:
    """What the script at `master` reads and makes; RecordError tells file, line and what is allowed."""
    place = master.resolve()
    known = _KNOWN.get(place)
    if known is None or not known.still_holds():
        screening = _Screening(master)
        known = _KNOWN[place] = _Known(screening.result(), screening.digests, screening.places)
    return known.screened


def _digests(files: tuple[Path, ...]) -> list[bytes]:
    """Of their present contents; empty where one cannot be read any more."""
    try:
        return [_digest(content_of(file, MOST_BYTES)) for file in files]
    except ValueError:
        return []


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


class _Screening:
    """Walks through a script and the files it reads."""

    def __init__(self, master: Path) -> None:
        self._master = master
        self._folder = master.resolve().parent
        self._mistakes: list[str] = []
        self._files: dict[Path, None] = {}
        self.digests: list[bytes] = []
        """Of the contents of its files, as they were read."""
        self.places: dict[Path, Path] = {}
        self._circuits: list[tuple[str, Line]] = []
        self._bytes = 0
        self._class = ""

    def result(self) -> Screened:
        self._script(self._master.resolve())
        if not self._circuits and not self._mistakes:
            self._mistakes.append("makes no circuit; a script must hold one `new circuit.NAME`")
        for name, line in self._circuits[1:]:
            first = self._circuits[0]
            self._add(line, f"makes a second circuit {name!r:.60} beside {first[0]!r:.60} of "
                            f"{self._named(first[1].file)} line {first[1].number}; a script makes one")
        self._refuse()
        return Screened(tuple(self._files), tuple(name for name, _ in self._circuits))

    def _refuse(self) -> None:
        more = [f"and {len(self._mistakes) - MOST_TOLD} more"] if len(self._mistakes) > MOST_TOLD else []
        told = [*self._mistakes[:MOST_TOLD], *more]
        if len(told) == 1:
            raise RecordError(f"feeder {self._master}: {told[0]}")
        if told:
            raise RecordError(f"feeder {self._master}: {len(self._mistakes)} mistakes\n  " + "\n  ".join(told))

    def _add(self, line: Line, text: str) -> None:
        self._mistakes.append(f"{self._named(line.file)} line {line.number}: {text}")

    def _named(self, file: Path) -> str:
        return str(file.relative_to(self._folder)) if file.is_relative_to(self._folder) else str(file)

    def _content(self, file: Path) -> str | None:
        """Text of a file that counts as read; None where it cannot be read, which is told."""
        self._files[file] = None
        try:
            content = content_of(file, MOST_BYTES)
        except ValueError as error:
            self._mistakes.append(f"{self._named(file)}: {error}")
            return None
        self.digests.append(_digest(content))
        self._bytes += len(content)
        if self._bytes > MOST_BYTES or len(self._files) > MOST_FILES:
            raise RecordError(f"feeder {self._master}: reads more than {MOST_BYTES:,} bytes or {MOST_FILES:,} files")
        if b"\0" in content:
            self._mistakes.append(f"{self._named(file)}: is no text")
            return None
        return content.decode("utf-8", errors="replace")

    def _script(self, file: Path) -> None:
        if (text := self._content(file)) is not None:
            for line in _lines(file, text):
                self._line(line)

    def _line(self, line: Line) -> None:
        if not _is_closed(line.text):
            self._add(line, "a quote or bracket is not closed before the line or its comment ends")
            return
        word = _WORD.match(line.text)
        command = word.group(1).lower() if word else line.text.strip().lower()
        rest = line.text[word.end():] if word else ""
        if command in COMMANDS and not rest.lstrip().startswith("="):
            self._command(command, rest, line)
        elif "." in command and command.split(".")[0] in CLASSES:
            self._properties(command.split(".")[0], f"{command.split('.')[-1]}{rest}", line)
        elif "." in command and "=" in rest:
            self._add(line, f"edits {command!r:.60}; allowed classes: {', '.join(CLASSES)}")
        else:
            self._add(line, f"{command!r:.60} is not allowed; a circuit's script may say {', '.join(COMMANDS)}")

    def _command(self, command: str, rest: str, line: Line) -> None:
        if command in (*READS, *COORDINATES):
            self._reads(command, rest, line)
        elif command in ("new", "edit", "batchedit", "open", "close", "enable", "disable", "select"):
            self._object(command, rest, line)
        elif command in ("~", "more", "m"):
            self._properties(self._class, rest, line)
        elif command in ("set", "solve"):
            for option in _OPTION.findall(rest):
                if option.lower() not in OPTIONS:
                    self._add(line, f"sets {option!r:.60}; allowed options: {', '.join(OPTIONS)}")

    def _object(self, command: str, rest: str, line: Line) -> None:
        named = _OBJECT.match(rest)
        name = named.group(1).lower() if named else ""
        if name not in CLASSES:
            self._add(line, f"{command} of {rest.strip()!r:.60}; allowed classes: {', '.join(CLASSES)}")
            return
        self._class = name
        after = rest[named.end():] if named else ""
        if command == "new" and name == "circuit":
            self._circuits.append((after.split()[0].strip("\"')]}") if after.split() else "", line))
        self._properties(name, " ".join(after.split()[1:]), line)

    def _properties(self, of_class: str, text: str, line: Line) -> None:
        for name, value in ((name.lower(), value) for name, value in _VALUE.findall(text)):
            if not name and (of_class in OF_PROGRAMS or (of_class in WITH_FILES and not _is_number(value))):
                self._add(line, f"{of_class}: the value {value!r:.60} must be named, as NAME=VALUE")
            elif _shortens(name, PROGRAMS) and of_class in OF_PROGRAMS:
                self._add(line, f"{of_class} property {name!r:.60} loads or feeds a library, which no circuit may")
            elif _shortens(name, ("action",)) and of_class in WRITERS:
                self._add(line, f"{of_class} property {name!r:.60} writes files, which no circuit may")
            elif _shortens(name, RANDOM) and len(name) > 1 and of_class in WITH_FILES:
                self._add(line, f"{of_class} property {name!r:.60} draws its values, in which the engine breaks down; "
                                "give them")
            elif _shortens(name, FILES) and len(name) > 1:
                self._data_file(name, value.strip(_QUOTED), line)
            else:
                for inner, path in _FILE_INSIDE.findall(value):
                    self._data_file(inner, path, line)

    def _data_file(self, name: str, path: str, line: Line) -> None:
        if (file := self._inside(path, line, name)) is not None and file not in self._files:
            self._content(file)

    def _reads(self, command: str, rest: str, line: Line) -> None:
        match = _FIRST_VALUE.match(rest)
        path = next((group for group in match.groups() if group is not None), "") if match else ""
        file = self._inside(path.strip(), line, command)
        if file is None:
            return
        if file in self._files and command in READS:
            self._add(line, f"reads {path!r:.60} again; each file is read once")
        elif command in READS:
            self._script(file)
        elif file not in self._files:
            self._content(file)

    def _inside(self, path: str, line: Line, what: str) -> Path | None:
        """The file beside the one that names it; None, and told, where it is none or lies outside the folder."""
        if not path or path.startswith(("@", "~", "%")) or "$" in path:
            self._add(line, f"{what} {path!r:.60} names no file; a path beside the file that names it is allowed")
            return None
        named = line.file.parent / path.replace("\\", "/")
        file = self.places[named] = named.resolve()
        if not file.is_relative_to(self._folder):
            self._add(line, f"{what} {path!r:.80} leaves the folder of the script; all files must lie in it")
            return None
        if not file.is_file():
            self._add(line, f"{what} {path!r:.80} is no file")
            return None
        return file


def _lines(file: Path, text: str) -> Iterator[Line]:
    """Lines that say something, without comments."""
    in_comment = False
    for number, raw in enumerate(text.splitlines(), start=1):
        if in_comment or raw.lstrip().startswith("/*"):
            in_comment = "*/" not in raw
            continue
        bare = re.split(r"!|//", raw, maxsplit=1)[0].strip()
        if bare:
            yield Line(file, number, bare)


@lru_cache(maxsize=4096)
def _shortens(name: str, names: tuple[str, ...]) -> bool:
    """Whether the engine could take the name for one of these: it understands shorter forms."""
    return bool(name) and any(full.startswith(name) for full in names)


def _is_number(value: str) -> bool:
    """A number, or numbers in brackets."""
    return re.fullmatch(r"[\s\d.,|eE+\-]*", value.strip(_QUOTED)) is not None


def _is_closed(text: str) -> bool:
    """Whether no quote or bracket is open at the end, by counts and as the engine reads them: to the first closer."""
    if not _QUOTING.search(text):
        return True
    closer = ""
    for letter in text:
        closer = _CLOSERS.get(letter, "") if not closer else "" if letter == closer else closer
    return not closer and text.count('"') % 2 == 0 and text.count("'") % 2 == 0 and all(
        text.count(a) == text.count(b) for a, b in ("()", "[]", "{}"))
