"""Scenarios, overrides, options and studies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from pydantic import BaseModel

from testbed.scenario.record import Scenario
from testbed.sweeping.study import Study
from tests.fuzz.judge import ANY, Case
from tests.fuzz.mangling import WORDS, mangled, words

BASE = b"""\
description: A few cars.
step_s: 3600
planning: {horizon_h: 30, mip_gap: 0.01, expectation: perfect}
spatial: {look_ahead_h: 7, search_evaluations: 500}
fleet: {soc_initial: [0.4, 0.6], trips: profile}
drivers: {profile: paper, compliance_mean: 0.9}
districts:
  - {name: rest, private: 3, taxi: 1, slow_ports_per_bus: null, fast_ports_per_bus: null}
  - {name: f, feeder: ieee33, private: 2, zone_map: contiguous}
"""
STUDY = b"""\
description: Two cases.
scenario: base.yaml
controllers: [uncoordinated, no_pev]
seeds: 1
set: {days: 1}
grid: {drivers.enrolled_share: [0.5, 1.0]}
metrics: [charged_mwh]
"""
OLD = "old.h5"
"""A result of another request: a run is refused there, whatever its scenario is."""
RUN = ("run", "mine.yaml", "--controller", "uncoordinated", "-o", OLD)
COMMANDS = (*(("check", "mine.yaml"),) * 4, RUN)


def keys_of(model: Any, key: str = "") -> Iterator[str]:
    """Dotted names of all keys, entries of lists as the first district's."""
    for name, described in model.model_fields.items():
        here = f"{key}{name}"
        yield here
        kinds = [kind for kind in (described.annotation, *getattr(described.annotation, "__args__", ()))
                 if isinstance(kind, type) and issubclass(kind, BaseModel)]
        for kind in kinds[:1]:
            yield from keys_of(kind, f"{here}.0." if name == "districts" else f"{here}.")


KEYS = tuple(dict.fromkeys(key for key in keys_of(Scenario) if key != "execution.cache_dir"))
"""Of a scenario, without that by which a check writes into any folder."""
ODD = ("a." * 1500, "districts.7.name", "districts.\u00b2.name", "fleet.soc_wanted.0", ".", "seed.")
odd_keys = st.one_of(st.sampled_from(KEYS), st.sampled_from(KEYS), st.sampled_from(WORDS), st.text(max_size=8),
                     st.sampled_from(ODD))


@st.composite
def scenario_keys(draw: Any) -> Case:
    """One key or two with other values, nested as blocks."""
    lines = []
    for key in draw(st.lists(st.sampled_from([key for key in KEYS if ".0." not in key]), min_size=1, max_size=2,
                             unique_by=lambda key: key.split(".")[0])):
        parts, value = key.split("."), draw(words)
        lines.append("".join(f"{'  ' * depth}{part}:\n" for depth, part in enumerate(parts))[:-1] + f" {value}\n")
    text = "extends: base.yaml\n" + "".join(lines)
    return Case(draw(st.sampled_from(COMMANDS)), {"mine.yaml": text.encode(errors="surrogatepass")})


@st.composite
def overrides(draw: Any) -> Case:
    """`--set` with known, unknown and impossible keys."""
    texts = [f"{draw(odd_keys)}={draw(words)}" for _ in range(draw(st.integers(1, 2)))]
    chosen = ("check", "base.yaml") if draw(st.booleans()) else ("run", "base.yaml", *RUN[2:])
    return Case((*chosen, *(word for text in texts for word in ("--set", text))))


@st.composite
def yaml_texts(draw: Any) -> Case:
    """Bytes of a scenario mangled, or structures that take a parser too far."""
    kind = draw(st.integers(0, 9))
    files = {"mine.yaml": draw(mangled(BASE)) if kind < 6 else draw(mangled(b"extends: base.yaml\nseed: 2\n"))}
    if kind == 9:
        files["mine.yaml"] = draw(structures())
    links = {"loop.yaml": "loop.yaml"} if kind == 8 else {}
    if kind == 8:
        files["mine.yaml"] = f"extends: {draw(st.one_of(st.just('loop.yaml'), words))}\n".encode(errors="surrogatepass")
    return Case(draw(st.sampled_from(COMMANDS)), files, links)


@st.composite
def structures(draw: Any) -> bytes:
    """Deep, wide, aliased and repeated structures of a drawn size."""
    size = draw(st.sampled_from((3, 10, 30, 300, 2000)))
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, min(size, 12)))
    text = draw(st.sampled_from((
        laughs, "a: " + "[" * size + "]" * size, "a: " + "{b: " * size + "}" * size,
        "".join(f"{'  ' * min(i, 400)}k{i}:\n" for i in range(size)), "".join(f"k{i}: 1\n" for i in range(size)),
        "- " * size, f"a: {'x' * size * 1000}\n", "extends: mine.yaml\n", f"extends: [{'a, ' * size}]\n",
        f"&a mine: &b {{c: *b}}\nseed: {size}\n", "<<: {seed: 3}\nextends: base.yaml\n", "--- 1\n--- 2\n",
        "%YAML 3.9\n---\na: 1\n",
        f"extends: base.yaml\ndistricts: [{'{name: a, private: 1}, ' * size}]\n")))
    return text.encode()


@st.composite
def studies(draw: Any) -> Case:
    """Keys of a study with other values, or its bytes mangled."""
    study = STUDY
    if draw(st.booleans()):
        name = draw(st.sampled_from((*Study.model_fields, *Study.model_fields, "sets", "", "0")))
        value = draw(st.one_of(words, st.sampled_from(VALUES)))
        kept = b"".join(line for line in STUDY.splitlines(keepends=True) if not line.startswith(f"{name}:".encode()))
        study = kept + f"{name}: {value}\n".encode(errors="surrogatepass")
    else:
        study = draw(mangled(STUDY))
    return Case(draw(st.sampled_from((("check", "mine.yaml"), ("run", "mine.yaml", "-o", OLD),
                                      ("sweep", "mine.yaml", "-o", OLD)))), {"mine.yaml": study})


VALUES = (
    "99999999999999999999999", "1000000000000", "100000", "[1, 1]", "[-1]", "[9223372036854775808]",
    "[{seed: 1}, {days: 1}]", "[{}]", "[{seed: 1}, {seed: 1}]", "{days: [2016-13-45]}", "{days: []}",
    "{seed: [1, 2, 3, 4, 5], days: [1, 2]}", "{a.b.c: [1]}", "{'': [1]}", "{seed: 5}", "[bilayr]", "[mine.py:Mine]",
    "[no_pev, no_pev]", "[../../x.py:A]", "[nothing]",
    "{seed: [" + "1, " * 3000 + "1]}", "{" + ", ".join(f"k{i}: [1, 2]" for i in range(40)) + "}",
)


@st.composite
def options(draw: Any) -> Case:
    """Other options of commands, and files that are something else."""
    word = draw(words)
    given = draw(st.sampled_from(("base.yaml", "study.yaml", OLD, "ses.csv", "none.yaml", "smoke", word)))
    arguments = draw(st.sampled_from((
        ("check", given), ("show", given), ("report", given, "-o", "r.html"), ("run", given, "-o", OLD),
        ("compare", given, "--controllers", word, "-o", OLD), ("run", "base.yaml", "--plan", given, "-o", OLD),
        ("run", "base.yaml", "--controller", word, "-o", OLD), ("run", "base.yaml", "--seed", word, "-o", OLD),
        ("sweep", given, "-o", OLD), ("show", given, "--json"), ("list", word), (word,),
        ("run", "base.yaml", "-o", OLD, word))))
    return Case(tuple(arguments), codes=ANY)
