"""Docstrings below the fields of a class, read from its source when somebody asks: loading a class needs none."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Iterator, Mapping
from functools import lru_cache


def field_texts(kind: type) -> dict[str, str]:
    """Docstrings that stand below the fields of a class and of those it builds upon, each in one line."""
    texts: dict[str, str] = {}
    for part in reversed(kind.__mro__[:-1]):
        if (node := _definition(part)) is not None:
            texts |= {name: text for name, _, text in fields_in(node)}
    return texts


def fields_in(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, str]]:
    """(name, default as written, docstring in one line) of each field of a class that has a type."""
    for line, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            said = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            yield line.target.id, line.value, " ".join(str(said).split())


def _definition(part: type) -> ast.ClassDef | None:
    """Where the class is written; None where that can be read nowhere, as of one typed at a prompt."""
    try:
        file = inspect.getsourcefile(part)
        linecache.checkcache(file)
        of_file = _classes("".join(linecache.getlines(file or "")))
        if part.__qualname__ in of_file:
            return of_file[part.__qualname__]
        body = ast.parse(textwrap.dedent(inspect.getsource(part))).body
    except (OSError, TypeError, SyntaxError):
        return None
    return body[0] if body and isinstance(body[0], ast.ClassDef) else None


@lru_cache(maxsize=64)
def _classes(text: str) -> Mapping[str, ast.ClassDef]:
    """Those at the top of a file: a file is read through once, whatever number of its classes is asked for."""
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
