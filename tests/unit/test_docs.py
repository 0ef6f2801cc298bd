"""What is public is documented: types, shapes, errors."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import course_utils

MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(course_utils.__path__, "course_utils.")
    if not info.name.endswith(".cli")
)


def _public(module):
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield name, thing
            if inspect.isclass(thing):
                for method_name, method in vars(thing).items():
                    if not method_name.startswith("_") and inspect.isfunction(method):
                        yield f"{name}.{method_name}", method


@pytest.mark.parametrize("name", MODULES)
def test_every_public_thing_has_a_docstring_and_types(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for label, thing in _public(module):
        assert inspect.getdoc(thing), label
        if inspect.isfunction(thing) and not name.startswith("course_utils.checks."):
            signature = inspect.signature(thing)
            for parameter in signature.parameters.values():
                if parameter.name not in ("self", "cls") and parameter.kind is not parameter.VAR_KEYWORD:
                    assert parameter.annotation is not parameter.empty, f"{label}({parameter.name})"
            assert signature.return_annotation is not signature.empty, label


@pytest.mark.parametrize("name", MODULES)
def test_a_function_that_refuses_input_says_so(name):
    module = importlib.import_module(name)
    for label, thing in _public(module):
        if not inspect.isfunction(thing) or "Parameters\n" not in (inspect.getdoc(thing) or ""):
            continue
        if "raise ValueError" in inspect.getsource(thing):
            assert "Raises" in inspect.getdoc(thing), label


def test_examples_in_docstrings_are_true():
    import doctest

    for name in MODULES:
        assert doctest.testmod(importlib.import_module(name)).failed == 0
