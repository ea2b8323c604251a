"""The behaviour of a source file as text: its syntax tree, written in the same way by every version of Python.

Comments, layout, positions and docstrings do not affect behaviour and are left out, and so are imports for type
checkers only. ``ast.dump`` is not used because its fields differ between versions of Python.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache

_SPELLING = frozenset({"type_comment", "type_ignores", "kind", "ctx"})
"""Fields that record how something is written, or that follow from its context."""
_BLOCKS = frozenset({"body", "orelse", "finalbody"})


def write_behaviour(tree: ast.AST) -> str:
    """Write the behaviour of a tree as text; it is the same for files that differ only in other aspects."""
    parts: list[str] = []
    _write(tree, parts.append)
    return "".join(parts)


def walk_running(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a tree's nodes, including those in functions, without blocks for type checkers only."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if not is_for_type_checkers(node):
            yield node
            waiting.extend(ast.iter_child_nodes(node))


def is_for_type_checkers(node: ast.AST) -> bool:
    """Whether a statement is ``if TYPE_CHECKING:`` without an alternative."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    return "TYPE_CHECKING" in (getattr(node.test, "id", ""), getattr(node.test, "attr", ""))


def _write(value: object, add: Callable[[str], None]) -> None:
    """Write a node, a list of nodes or a plain value; empty fields are left out, such as those of newer Pythons."""
    if isinstance(value, ast.AST):
        add(f"{type(value).__name__}(")
        for name in _fields_of(type(value)):  # type: ignore[arg-type]  # a class can be hashed
            field = getattr(value, name, None)
            if isinstance(field, list) and name in _BLOCKS:
                field = _without_idle(field)
            elif isinstance(value, ast.JoinedStr):
                field = _joined(value.values)
            if field or name == "value" or not isinstance(field, list | None):
                add(f"{name}=")
                _write(field, add)
        add(")")
    elif isinstance(value, list):
        add("[")
        for item in value:
            _write(item, add)
            add(",")
        add("]")
    else:
        add(repr(value))


@cache
def _fields_of(node: type[ast.AST]) -> tuple[str, ...]:
    return tuple(name for name in node._fields if name not in _SPELLING)


def _without_idle(block: list[ast.stmt]) -> list[ast.stmt]:
    """Return statements without docstrings, ``...``, ``pass`` and imports for type checkers."""
    return [
        node
        for node in block
        if not isinstance(node, ast.Pass)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not is_for_type_checkers(node)
    ]


def _joined(pieces: list[ast.expr]) -> list[ast.expr]:
    """Return an f-string's pieces, with adjacent texts joined and empty ones removed: Python versions differ here."""
    joined: list[ast.expr] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, ast.Constant) and not piece.value:
            continue
        if isinstance(piece, ast.Constant) and isinstance(last, ast.Constant):
            joined[-1] = ast.Constant(last.value + piece.value)  # type: ignore[operator]
        else:
            joined.append(piece)
    return joined
