"""Values between kernel and grader: plain ones arrive, others do not, forged replies do no harm."""

from __future__ import annotations

import json
from base64 import b64encode

import numpy as np
import pytest

from course_utils.checks import EXERCISES
from course_utils.teaching.grading import wire
from course_utils.teaching.grading.wire import BrokenReplyError, Foreign, RemoteFunction, decode, encode


class Kernel:
    """Runs the request as a kernel would, in a namespace of its own."""

    def __init__(self, source=""):
        self.names = {}
        exec(source, self.names)

    def run(self, code):
        exec(code, self.names)
        return self.names["__course_reply"]


def remote(source, name="f"):
    return RemoteFunction(name, Kernel(f"import numpy as np\n{source}").run)


@pytest.mark.parametrize(
    "value",
    [None, True, 7, -(10**40), 1.5, float("inf"), "é\n", [1, "a", None], (1.0, (2,)), {"a": [1], 2: (3,)}],
)
def test_plain_values_arrive_unchanged(value):
    found = decode(json.loads(json.dumps(encode(value))))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "uint8", "bool", "<U3", ">f4"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 2), (2, 3)])
def test_arrays_arrive_unchanged(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    found = decode(json.loads(json.dumps(encode(array))))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert found.flags.writeable
    scalar = np.zeros(1, dtype)[0]
    assert type(decode(encode(scalar))) is (str if dtype == "<U3" else type(scalar))


def test_what_a_subclass_overrides_is_lost():
    class Forged(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__
        __repr__ = __str__ = lambda self: "99"

    class Agreeable(np.ndarray):
        def __eq__(self, other):
            return np.True_

    assert type(decode(encode(Forged(3)))) is int
    assert decode(encode(Forged(3))) == 3
    assert type(decode(encode(np.zeros(2).view(Agreeable)))) is np.ndarray
    assert isinstance(decode(encode(np.array([object()]))), Foreign)
    assert type(decode(encode(lambda: 1))).__name__ == "function"


def test_the_function_is_called_with_copies_and_its_result_comes_back():
    f = remote("def f(x, k):\n    return {'sum': x.sum(), 'k': (k, [x * 2])}")
    x = np.arange(3.0)
    result = f(x, 4)
    assert result["sum"] == 3
    np.testing.assert_array_equal(result["k"][1][0], [0, 2, 4])


def test_a_changed_argument_is_noticed_as_it_is_in_the_notebook():
    exercise = EXERCISES["10-scale"]
    source = "def scale_for_display(maps):\n    maps /= maps.max(axis=(1, 2), keepdims=True)\n    return maps"
    assert "changes one of its arguments" in exercise.run(remote(source, "scale_for_display"), 3).message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "there is no function `f`"),
        ("f = 3", "there is no function `f`"),
        ("def f(*a):\n    return 1 / 0", "stopped with ZeroDivisionError: division by zero"),
        ("def f(*a):\n    raise NotImplementedError", "is not written yet"),
        ("def f(*a):\n    raise SystemExit(3)", "stopped with SystemExit: 3"),
        ("def f(*a):\n    f()", "stopped with RecursionError"),
        ("def f(*a):\n    pass", "returned None"),
        ("class Strange:\n    pass\ndef f(*a):\n    return Strange()", "of type Strange"),
    ],
)
def test_failures_read_as_they_do_in_the_notebook(source, words):
    exercise = EXERCISES["00-distance"]
    verdict = exercise.run(remote(source), 0)
    assert not verdict.passed
    assert words in verdict.message


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"result": {"array": ["|O", [1], "AA=="]}, "changed": {}}',
        '{"result": {"array": ["<f8", [1000000000000], "AA=="]}, "changed": {}}',
        '{"result": {"array": ["<f8", [-1], ""]}, "changed": {}}',
        '{"result": {"float": "__import__"}, "changed": {}}',
        '{"result": {"int": 1}, "changed": {"9": null}}',
        '{"result": ' + '{"list": [' * 5000 + "1" + "]}" * 5000 + ', "changed": {}}',
        '{"error": [], "message": {}}',
    ],
)
def test_a_forged_reply_is_an_error_and_nothing_else(reply):
    f = RemoteFunction("f", lambda code: b64encode(reply.encode()).decode())
    with pytest.raises(BrokenReplyError, match="interferes"):
        f(1)
    f = RemoteFunction("f", lambda code: reply)  # not even base64
    with pytest.raises(BrokenReplyError, match="interferes"):
        f(1)


def test_a_notebook_may_use_the_names_that_the_call_needs():
    source = "exec = globals = get_ipython = base64 = builtins = 3\ndef f(a, b):\n    return ((a - b) ** 2).sum()"
    assert EXERCISES["00-distance"].run(remote(source), 0).passed


def test_a_reply_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(wire, "LARGEST_REPLY", 100)
    with pytest.raises(BrokenReplyError, match="larger than"):
        RemoteFunction("f", lambda code: "x" * 101)(1)


def test_an_adapter_runs_beside_the_function():
    exercise = EXERCISES["09-sampling"]
    right = "from keras import ops\ndef sample_code(m, v, e):\n    return m + ops.exp(v / 2) * e"
    no_gradient = "def sample_code(m, v, e):\n    return np.asarray(m) + np.exp(np.asarray(v) / 2) * np.asarray(e)"
    assert exercise.run(remote(right, "sample_code"), 5).passed
    assert "no gradient passes" in exercise.run(remote(no_gradient, "sample_code"), 5).message
