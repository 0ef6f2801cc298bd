"""Which cells the exercises need: grading runs these, and leaves out the trainings and pictures in between."""

from __future__ import annotations

import ast
import functools
import symtable
from dataclasses import dataclass

from nbformat import NotebookNode

from course_utils.checks import EXERCISES

_MOST_MAGICS = 30
_MOST_READING = 100_000  # magics times characters, less than a second


@dataclass(frozen=True)
class Names:
    """Names of the notebook that a cell deals with.

    Attributes
    ----------
    bound : what the cell defines, imports, assigns to, or may change in place
    used : what it reads, inside of functions too, unless it is local there
    imported : those of `bound` that are imported
    anything : whether it may bind names that its text does not show
    """

    bound: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()
    imported: frozenset[str] = frozenset()
    anything: bool = False


@functools.lru_cache(maxsize=256)  # which holds the sources, too
def names_of(source: str) -> Names:
    """Find the names that a cell binds and uses; a cell that is no Python binds and uses nothing."""
    try:
        code = as_python(source)
        tree, table = ast.parse(code), symtable.symtable(code, "cell", "exec")
    except (SyntaxError, ValueError, RuntimeError, MemoryError):  # RuntimeError: nesting, or magics, without an end
        return Names()
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    imported = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_imported()}
    used = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    inner = list(table.get_children())
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        used |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
        bound |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_declared_global()}
    for node in ast.walk(tree):
        changes = isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load)
        if changes:
            bound |= _root(node)
    for statement in tree.body:  # a method called for its effect, as `items.append(1)`
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            bound |= _root(statement.value.func)
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree))
    anything = stars or bool(used & {"exec", "eval", "globals", "locals", "setattr", "get_ipython"})
    return Names(frozenset(bound), frozenset(used), frozenset(imported), anything)


def as_python(source: str) -> str:
    """A cell with IPython's magics translated. IPython reads the cell once for each: not done for very many."""
    from IPython.core.inputtransformer2 import TransformerManager

    magics = sum(map(source.count, "%!?"))
    if not magics or magics > _MOST_MAGICS or magics * len(source) > _MOST_READING:
        return source
    return TransformerManager().transform_cell(source)


def keep_needed(notebook: NotebookNode) -> NotebookNode:
    """Leave out the cells that no exercise needs.

    Kept are the exercises' own cells, and every cell that binds a name which a kept cell uses.

    Parameters
    ----------
    notebook : from `lay_on_master`

    Returns
    -------
    notebook : with fewer cells, in the same order
    """
    names = [
        Names(used=frozenset({EXERCISES[cell.metadata.grade_id].name}))
        if cell.metadata.course_cell == "check"
        else names_of(cell.source)
        for cell in notebook.cells
    ]
    imported = frozenset().union(*(cell_names.imported for cell_names in names))
    binds = [own.bound - (imported - own.imported) for own in names]  # calling a module's function does not change it
    theirs = frozenset().union(
        *(b for b, cell in zip(binds, notebook.cells, strict=True) if cell.metadata.course_cell == "student")
    )
    binds = [  # a student's cell may change in place what the student made: a list that it fills
        bound | (own.used & theirs if cell.metadata.course_cell == "student" else frozenset())
        for bound, own, cell in zip(binds, names, notebook.cells, strict=True)
    ]
    kept = {
        i
        for i, (cell, own) in enumerate(zip(notebook.cells, names, strict=True))
        if cell.metadata.course_cell in ("solution", "check") or own.anything
    }
    grown = True
    while grown:  # a function may use what a later cell defines
        needed = frozenset().union(*(names[i].used for i in kept))
        more = {i for i in range(len(names)) if binds[i] & needed} - kept
        kept |= more
        grown = bool(more)
    smaller = notebook.copy()
    smaller.cells = [notebook.cells[i] for i in sorted(kept)]
    return smaller


def _root(node: ast.AST) -> set[str]:
    """The name at the beginning of ``name.attribute[index]``, if it is more than a name."""
    first = node
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) and node is not first else set()
