"""Parameters of a controller: what its class takes when it is made, each with a type, a default and a word on it.

Usually they are the fields of a dataclass, each with a docstring; arguments of `__init__` with types do as well.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import inspect
import math
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from controllers.port import Controller
from models.registry import did_you_mean
from testbed.scenario.field_texts import field_texts

NEEDED = inspect.Parameter.empty
"""Default of a parameter that must be given."""
LONGEST = 60
"""Of a value in words; of a longer one its hash."""
PLAIN = (bool, int, float, str, types.NoneType)
"""What can be written as a parameter's value."""
WORDS: dict[Any, str] = {bool: "True or False", int: "a whole number", float: "a number", str: "a text",
                         types.NoneType: "None"}
CALLED = re.compile(r"(.*?\.py(?::[A-Za-z_]\w*)?|[^()]*)(?:\((.*)\))?\s*", re.DOTALL)
"""A controller as written: name, or file and class; in brackets its parameters."""
UNSAFE = re.compile(r"[^A-Za-z0-9_.=-]+")


OF_PORT = frozenset((*Controller.__annotations__, "description"))
"""Fields by which a controller says what it is: they are no parameters."""


class ParameterError(ValueError):
    """Parameters that a class does not take; the message says which, and what it takes."""


@dataclass(frozen=True)
class Parameter:
    """One argument with which a class is made."""

    name: str
    kind: Any
    """bool, int, float, str, a Literal, one of these or None; `inspect.Parameter.empty` where nothing is said."""
    default: Any
    what: str
    """Its docstring, in one line."""

    @property
    def words(self) -> str:
        """As lists show it: `high=0.1`; without a value where it must be given."""
        return self.name if self.default is NEEDED else f"{self.name}={self.default!r}"

    def problem(self, value: object) -> str:
        """Why it cannot be this; empty if it can."""
        if fits(self.kind, value):
            return ""
        return f"{self.name}={value!r}: must be {allowed(self.kind)}"

    def taken(self, value: Any) -> Any:
        """The value in the parameter's type: 1 becomes 1.0 where a number with fractions is meant."""
        return float(value) if self.kind is float else value


class Elsewhere:
    """Stands for an object in another process, and has its parameters as they were told there."""

    all_parameters: Mapping[str, Any] = types.MappingProxyType({})
    unusual_parameters: Mapping[str, Any] = types.MappingProxyType({})
    """Those that are not as the class says."""


# ---------------------------------------------------------------- of a class
def parameters_of(kind: type) -> dict[str, Parameter]:
    """Everything that the class takes by name, in its order; none for a class that cannot tell."""
    try:
        signature = _signature(kind)
    except (TypeError, ValueError):
        return {}
    texts, made_anew = field_texts(kind), _factories(kind)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: Parameter(name, _kind(argument), made_anew[name]() if name in made_anew else argument.default,
                            texts.get(name, ""))
            for name, argument in signature.parameters.items() if argument.kind in named and name not in OF_PORT}


def _factories(kind: type) -> dict[str, Callable[[], Any]]:
    """Of a dataclass: what makes the default of a field anew for each object, as an empty list."""
    fields = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    # of a class that came from another process the mark for "none" is another object than here
    return {field.name: field.default_factory for field in fields if callable(field.default_factory)}


def _signature(kind: type) -> inspect.Signature:
    try:
        return inspect.signature(kind, eval_str=True)
    except NameError:  # a type that is imported for checkers alone
        return inspect.signature(kind)


def _kind(argument: inspect.Parameter) -> Any:
    """Its annotation; of the default where there is none that can be used."""
    if argument.annotation is not NEEDED and not isinstance(argument.annotation, str):
        return argument.annotation
    return type(argument.default) if type(argument.default) in PLAIN[:-1] else NEEDED


# ---------------------------------------------------------------- values
def fits(kind: Any, value: object) -> bool:
    """Whether a value is of this type; a whole number is a number, True is none."""
    if get_origin(kind) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        return any(fits(part, value) for part in get_args(kind))
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind in PLAIN:
        return type(value) is kind
    if kind in (None, NEEDED, Any):
        return type(value) in PLAIN
    return isinstance(kind, type) and isinstance(value, kind)


def allowed(kind: Any) -> str:
    """In words."""
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(map(allowed, get_args(kind)))
    return WORDS.get(kind, "a plain value" if kind in (NEEDED, Any) else getattr(kind, "__name__", str(kind)))


def made(kind: type, given: Mapping[str, Any]) -> Any:
    """An object of the class with these parameters.

    Raises ParameterError with all that is wrong with them; whatever the class itself throws passes.
    """
    known = parameters_of(kind)
    problems = [_unknown(name, kind, known) for name in given if name not in known]
    problems += [problem for name, value in given.items() if name in known and (problem := known[name].problem(value))]
    problems += [f"{name} must be given: {allowed(known[name].kind)}" for name in known
                 if known[name].default is NEEDED and name not in given]
    if problems:
        raise ParameterError("; ".join(problems))
    return kind(**{name: known[name].taken(value) for name, value in given.items()})


def _unknown(name: str, kind: type, known: Mapping[str, Parameter]) -> str:
    hint = did_you_mean(name, list(known))
    takes = ", ".join(parameter.words for parameter in known.values()) or "no parameters"
    return f"{name} is no parameter of {kind.__name__}{hint}; it takes {takes}"


def values_of(thing: object) -> dict[str, Any]:
    """All parameters of an object that keeps them under their names, defaults included; numpy's numbers as Python's."""
    if isinstance(thing, Elsewhere):
        return dict(thing.all_parameters)
    known = parameters_of(type(thing))
    return {name: _plain(getattr(thing, name)) for name in known if hasattr(thing, name)}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def as_given(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Of parameters with which it is made, those that are not as the class says, in its order: what an object makes of
    them within may be something else, of which no equal one could be made.
    """
    taken = {name: known.taken(given[name]) for name, known in parameters_of(kind).items() if name in given}
    return {name: value for name, value in taken.items() if not are_equal(value, parameters_of(kind)[name].default)}


def unusual(thing: object) -> dict[str, Any]:
    """Those that are not as the class says."""
    if isinstance(thing, Elsewhere):
        return dict(thing.unusual_parameters)
    known = parameters_of(type(thing))
    return {name: value for name, value in values_of(thing).items() if not are_equal(value, known[name].default)}


def are_equal(first: Any, second: Any) -> bool:
    """Of arrays in all entries; False also for what cannot be compared."""
    try:
        if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
            return np.array_equal(first, second)
        return first is second or bool(first == second)
    except Exception:  # whatever a user's class, or an array, makes of it
        return False


# ---------------------------------------------------------------- in words
def short(value: object) -> str:
    """As Python writes it; a hash where that is long."""
    text = repr(value)
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode()).hexdigest()[:16]


def in_words(values: Mapping[str, Any], word: Callable[[object], str] = short) -> str:
    """`(high=0.1, low=2)`; empty without any. `word` says how a value is written."""
    return f"({', '.join(f'{name}={word(value)}' for name, value in values.items())})" if values else ""


def file_words(label: str) -> str:
    """The label as a part of file names: `price(high=0.1)` is `price-high=0.1`."""
    safe = UNSAFE.sub("-", label).strip("-")
    plain = label.translate(str.maketrans("(,", "--", " )'"))
    return safe if safe == plain else f"{safe}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def called(text: str) -> tuple[str, dict[str, Any]]:
    """A controller as written, and its parameters: `price(high=0.1, mode=fast)`; a bare word is a text.

    Raises ParameterError for brackets that hold something else.
    """
    match = CALLED.fullmatch(text.strip())
    if match is None:
        raise ParameterError(f"{text}: must read NAME, NAME(key=value, ...) or file.py:Class(key=value, ...)")
    base, inside = match.group(1), match.group(2)
    if inside is None:
        return base, {}
    try:
        call = ast.parse(f"_({inside})", mode="eval").body
        assert isinstance(call, ast.Call) and not call.args
        return base, {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords if _named(keyword)}
    except (SyntaxError, ValueError, AssertionError) as error:
        raise ParameterError(f"{text}: in brackets stand parameters as key=value, with commas, each a number, a text, "
                             "True, False or None") from error


def _named(keyword: ast.keyword) -> bool:
    if keyword.arg is None:
        raise ValueError("a ** has no name")
    return True


def _literal(node: ast.expr) -> Any:
    value = node.id if isinstance(node, ast.Name) else ast.literal_eval(node)
    if type(value) not in PLAIN:
        raise ValueError(f"{value!r} is no plain value")
    return value


def listed(text: str) -> list[str]:
    """Controllers as written side by side, apart at the commas that stand in no brackets and no quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if depth > 0 and letter in "'\"":
            quote = "" if letter == quote else quote or letter
        depth += 0 if quote else (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0 and not quote:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def same(labels: Sequence[str]) -> list[str]:
    """Those that stand there more than once, each once."""
    return [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
