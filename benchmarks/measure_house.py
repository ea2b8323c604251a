"""Measure style and structure: names, imports between rooms, sizes. Run ``python benchmarks/measure_house.py``.

ARCHITECTURE.md quotes these figures, computed from the syntax trees of ``nasbench``, ``strategies`` and ``surrogates``.
"""

import ast
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("nasbench", "strategies", "surrogates")
VERBS = frozenset((Path(__file__).parent / "verbs.txt").read_text(encoding="utf-8").split())


def read_trees() -> Iterator[tuple[Path, str, ast.Module]]:
    """Yield the path, text and syntax tree of every file."""
    for room in ROOMS:
        for path in sorted(Path(room).rglob("*.py")):
            if path.parts[:2] in (("nasbench", "strategies"), ("nasbench", "surrogates")):
                continue  # links to the top-level folders
            text = path.read_text(encoding="utf-8")
            yield path, text, ast.parse(text)


def is_property(node: ast.FunctionDef) -> bool:
    """Whether a method is a property, whose name should be a noun."""
    return any(
        ast.unparse(item).split(".")[-1] in ("property", "cached_property", "setter") for item in node.decorator_list
    )


def begins_with_verb(name: str) -> bool:
    """Whether the first word of a function's name is a verb, or ``is``, ``has``, ``can`` and the like."""
    return name.strip("_").split("_")[0].lower() in VERBS


def body_lines(node: ast.FunctionDef) -> int:
    """Count the lines of a function without its signature and docstring."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1 if body else 0


def private_import(path: Path, node: ast.AST) -> bool:
    """Whether a statement imports an underscore module of a room to which the importing file does not belong."""
    if not isinstance(node, ast.ImportFrom) or not node.module or node.level:
        return False
    parts = node.module.split(".")
    names = [[*parts, item.name] for item in node.names] if len(parts) > 1 else []
    own = path.parent.parts if path.parts[0] == "nasbench" else ("nasbench", *path.parent.parts)
    return parts[0] == "nasbench" and any(
        part.startswith("_") and not part.startswith("__") and tuple(name[:i]) != own[:i]
        for name in [parts, *names]
        for i, part in enumerate(name)
    )


def measure() -> dict[str, float | int | str]:
    """Return every figure by name."""
    functions, module_functions, bodies, files, private = [], [], [], [], 0
    classes: dict[str, set[Path]] = defaultdict(set)
    for path, text, tree in read_trees():
        files.append((text.count("\n"), str(path)))
        private += sum(private_import(path, node) for node in ast.walk(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                bodies.append((body_lines(node), f"{path}:{node.lineno} {node.name}"))
                if not is_property(node):
                    functions.append(node.name)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes[node.name].add(path)
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                module_functions.append(node.name)
    twice = sorted(name for name, where in classes.items() if len(where) > 1)
    return {
        "functions that begin with a verb, %": round(100 * statistics.mean(map(begins_with_verb, functions)), 1),
        "public module functions of one word, %": round(
            100 * statistics.mean("_" not in name for name in module_functions), 1
        ),
        "public class names in two or more modules": len(twice),
        "imports of another room's underscore module": private,
        "function body, median lines": int(statistics.median(lines for lines, _ in bodies)),
        "function body, 95th percentile": sorted(lines for lines, _ in bodies)[int(0.95 * len(bodies))],
        "longest function body": f"{max(bodies)[0]} ({max(bodies)[1]})",
        "largest file": f"{max(files)[0]} ({max(files)[1]})",
        "files": len(files),
        "lines": sum(lines for lines, _ in files),
        "words in README.md": len(Path("README.md").read_text(encoding="utf-8").split()),
        "words in ARCHITECTURE.md": len(Path("ARCHITECTURE.md").read_text(encoding="utf-8").split()),
    }


if __name__ == "__main__":
    figures = measure()
    if "--json" in sys.argv:
        print(json.dumps(figures, indent=2))
    else:
        width = max(map(len, figures))
        print("\n".join(f"{name:<{width}}  {value}" for name, value in figures.items()))
