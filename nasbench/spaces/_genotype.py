"""Read and write DARTS cells: as a genotype, or as a configuration of NAS-Bench-301.

A cell is a list of eight ``(operation, input)`` pairs, two for each of the nodes 2 to 5, or a list of four nodes with
their pairs. Inputs 0 and 1 are the outputs of the two preceding cells. A pair ``('none', input)`` is an absent edge:
where a node lists more than two pairs, those of absent edges are left out.
"""

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.spaces._reading import read_fields

CELLS = ("normal", "reduce")
NODES = (2, 3, 4, 5)
NONE = "none"
"""The operation of an absent edge."""
Edges = list[tuple[str, int]]

_PER_NODE = 2  # edges of a node
_LONGEST = 4000  # characters; a genotype has about 500, and Python's parser should not get huge texts
PREFIX = "NetworkSelectorDatasetInfo:darts:"
_FIRST_EDGE = {2: 0, 3: 2, 4: 5, 5: 9}  # number of the edge from input 0 to each node


def read_genotype(text: str) -> dict[str, Edges]:
    """Return the edges of both cells of ``Genotype(normal=[...], normal_concat=[...], ...)``, or of a literal.

    The reader executes no code. The lists of outputs may be written ``range(2, 6)``, as in many files. A literal is
    what ``read_cells`` takes, as Python or JSON writes it.

    Raises:
        ValueError: the text has another form, or the output of a cell does not include all four nodes.
    """
    if text.lstrip()[:1] in ("{", "[", "("):
        cells = read_cells(_parse_literal(text))
        if cells is None:
            raise ValueError("expected the lists of edges of both cells, normal and reduce")
        return cells
    return _parse_cells(_parse_fields(text))


def _parse_literal(text: str) -> Any:
    """Return what a text of JSON, or of a Python literal, stands for."""
    if len(text) > _LONGEST:
        raise ValueError(f"the text has {len(text)} characters; a genotype has about 500")
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text.strip())
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    raise ValueError("it is neither JSON nor a Python literal")


def read_cells(item: object) -> dict[str, Edges] | None:
    """Return the edges of both cells of a genotype, a similar dictionary, or two lists of edges; None for other items.

    An edge is ``('operation', input)`` or ``(input, 'operation')``. By default the output includes all four nodes.

    Raises:
        ValueError: the edges have another form, or the output of a cell does not include all four nodes.
    """
    parts = read_fields(item, *CELLS)
    if parts is None and isinstance(item, list | tuple) and len(item) == 2:
        parts = list(item)
    if parts is None or not all(isinstance(part, list | tuple) for part in parts):
        return None
    fields = dict(zip(CELLS, map(_list_edges, CELLS, parts), strict=True))
    outputs = {cell: (read_fields(item, f"{cell}_concat") or [NODES])[0] for cell in CELLS}
    return _parse_cells({**fields, **{f"{cell}_concat": list(outputs[cell]) for cell in CELLS}})


def _list_edges(cell: str, part: Sequence[Any]) -> list[Any]:
    """Return the edges of a cell in a flat list; of nodes with more than two edges, the absent ones are left out."""
    if not part or not all(_is_node(item) for item in part):
        return [_turn_edge(edge) for edge in part]
    if len(part) != len(NODES):
        raise ValueError(f"the {cell} cell has {len(part)} nodes; expected {len(NODES)}")
    edges = []
    for node, listed in zip(NODES, part, strict=True):
        turned = [_turn_edge(edge) for edge in listed]
        kept = [edge for edge in turned if edge[0] != NONE] if len(turned) > _PER_NODE else turned
        if len(kept) != _PER_NODE:
            absent = f" besides {len(turned) - len(kept)} '{NONE}'" if len(kept) < len(turned) else ""
            raise ValueError(
                f"node {node} of the {cell} cell has {len(kept)} edges{absent}: {kept}; expected {_PER_NODE}"
            )
        edges += kept
    return edges


def _is_node(item: Any) -> bool:
    """Return whether an item of a cell is a node, a list of edges, and not an edge."""
    is_list = isinstance(item, list | tuple) and len(item) > 0
    return is_list and all(isinstance(edge, list | tuple) and len(edge) == 2 for edge in item)


def _turn_edge(edge: Any) -> Any:
    """Return an edge with the operation first."""
    if isinstance(edge, list | tuple) and len(edge) == 2 and isinstance(edge[1], str):
        return (edge[1], edge[0])
    return edge


def _parse_cells(fields: Mapping[str, Sequence[object]]) -> dict[str, Edges]:
    for cell in CELLS:
        if sorted(map(repr, fields[f"{cell}_concat"])) != [str(node) for node in NODES]:
            raise ValueError(f"{cell}_concat is {fields[f'{cell}_concat']!r}; expected [2, 3, 4, 5]")
    cells = {}
    for cell in CELLS:
        items = [tuple(item) if isinstance(item, list | tuple) else () for item in fields[cell]]
        if any(len(item) != 2 or type(item[0]) is not str or type(item[1]) is not int for item in items):
            raise ValueError(f"{cell} is not a list of ('operation', input); for pairs of integers say form='naslib'")
        cells[cell] = [(str(operation), int(source)) for operation, source in items]
    return cells


def _parse_fields(text: str) -> dict[str, Sequence[object]]:
    expected = "expected Genotype(normal=[...], normal_concat=[...], reduce=[...], reduce_concat=[...])"
    if len(text) > _LONGEST:
        raise ValueError(f"the text has {len(text)} characters; {expected}")
    try:
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or ast.unparse(call.func).rpartition(".")[2] != "Genotype" or call.args:
            raise ValueError(expected)
        fields = {str(keyword.arg): _read_literal(keyword.value) for keyword in call.keywords}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(expected) from error
    wanted = {name for cell in CELLS for name in (cell, f"{cell}_concat")}
    if fields.keys() != wanted or not all(isinstance(value, list | tuple | range) for value in fields.values()):
        raise ValueError(expected)
    return fields | {cell: _list_edges(cell, fields[cell]) for cell in CELLS}


def _read_literal(node: ast.expr) -> Sequence[object]:
    if isinstance(node, ast.Call):
        if ast.unparse(node) != "range(2, 6)":
            raise ValueError("the only call allowed is range(2, 6)")
        return range(2, 6)
    value: Sequence[object] = ast.literal_eval(node)
    return value


def write_genotype(cells: Mapping[str, Edges]) -> str:
    """Write the edges of both cells as a genotype, in the form that Python prints."""
    parts = [f"{cell}={cells[cell]!r}, {cell}_concat={list(NODES)!r}" for cell in CELLS]
    return f"Genotype({', '.join(parts)})"


def read_configuration(values: Mapping[str, object]) -> dict[str, Edges]:
    """Return the edges of both cells of a NAS-Bench-301 configuration; ignore keys that are not about cells.

    Raises:
        ValueError: a value is missing or malformed, or an operation is on an edge that is not an input of its node.
    """
    return {cell: _read_cell(values, cell) for cell in CELLS}


def _read_cell(values: Mapping[str, object], cell: str) -> Edges:
    edges: Edges = []
    for node in NODES:
        key = f"{PREFIX}inputs_node_{cell}_{node}"
        pairs = [f"{a}_{b}" for b in range(node) for a in range(b)]
        pair = "0_1" if node == 2 else values.get(key)
        if pair not in pairs:
            raise ValueError(f"'{key}' is {pair!r}; expected one of {', '.join(sorted(pairs))}")
        for source in map(int, str(pair).split("_")):
            key = f"{PREFIX}edge_{cell}_{_FIRST_EDGE[node] + source}"
            if values.get(key) is None:
                raise ValueError(f"'{key}' is missing; it holds the operation from {source} to node {node}")
            edges.append((str(values[key]), source))
    edge_prefix = f"{PREFIX}edge_{cell}_"
    n_edges = sum(str(key).startswith(edge_prefix) and value is not None for key, value in values.items())
    if n_edges != len(edges):
        raise ValueError(
            f"the {cell} cell has {n_edges} edges ('{edge_prefix}...'); expected only its {len(edges)} inputs"
        )
    return edges


def write_configuration(cells: Mapping[str, Edges]) -> dict[str, str]:
    """Write the edges of both cells as the part of a NAS-Bench-301 configuration that describes the cells."""
    values = {}
    for cell in CELLS:
        for i, (operation, source) in enumerate(cells[cell]):
            values[f"{PREFIX}edge_{cell}_{_FIRST_EDGE[NODES[i // 2]] + source}"] = operation
        for i, node in enumerate(NODES[1:], start=1):
            a, b = (source for _, source in cells[cell][2 * i : 2 * i + 2])
            values[f"{PREFIX}inputs_node_{cell}_{node}"] = f"{a}_{b}"
    return values
