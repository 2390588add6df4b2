"""Docstrings below the fields of a class, read from its source when somebody asks: loading a class needs none."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator


def field_texts(kind: type) -> dict[str, str]:
    """Docstrings that stand below the fields of a class and of those it builds upon, each in one line."""
    texts: dict[str, str] = {}
    for part in reversed(kind.__mro__[:-1]):
        try:
            body = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        except (OSError, TypeError, SyntaxError):  # typed at a prompt
            continue
        if body and isinstance(body[0], ast.ClassDef):
            texts |= {name: text for name, _, text in fields_in(body[0])}
    return texts


def fields_in(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, str]]:
    """(name, default as written, docstring in one line) of each field of a class that has a type."""
    for line, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            said = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else ""
            yield line.target.id, line.value, " ".join(str(said).split())
