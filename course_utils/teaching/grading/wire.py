"""Calling a student's function in the student's kernel, from the grader's process.

Arguments and results travel as JSON, arrays as base64 within it, never as pickle: nothing that comes out of the kernel
is ever executed. `encode`, `decode` and `serve` are sent to the kernel as source text, so they import what they need.
"""

from __future__ import annotations

import base64
import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.base import NO_FUNCTION, CheckFailed

LARGEST_REPLY = 4 << 20


class Foreign:
    """Stands for a value that is neither number, text, array nor a collection of these; named after its type."""


class RemoteError(Exception):
    """An exception in the kernel; its subclasses bear the name of the exception there."""


class BrokenReplyError(RemoteError):
    """What came back from the kernel is no answer: something in the notebook interferes with the call."""


def encode(value: object, depth: int = 0) -> object:
    """Turn a value into JSON's types. Subclasses lose what they override."""
    import base64
    import sys

    import numpy as np

    if depth > 20:
        return {"other": "nested too deeply"}
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"int": int.__repr__(value)} if int.bit_length(value) < 10_000 else {"other": "int of very many digits"}
    if isinstance(value, float) and not isinstance(value, np.generic):
        return {"float": float.hex(value)}
    if isinstance(value, str):
        return {"str": str.__str__(value)}
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is not None and isinstance(value, (tensorflow.Tensor, tensorflow.Variable)):
        value = value.numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        if value.nbytes > 1 << 21:
            return {"other": "array that is too large"}
        array = np.array(value, subok=False, order="C")
        if array.dtype.kind not in "biufU":
            return {"other": f"array of {array.dtype}"}
        kind = "array" if isinstance(value, np.ndarray) else "scalar"
        return {kind: [array.dtype.str, list(array.shape), base64.b64encode(array.tobytes()).decode("ascii")]}
    for kind in (list, tuple):
        if isinstance(value, kind):
            return {kind.__name__: [encode(item, depth + 1) for item in kind.__iter__(value)]}
    if isinstance(value, dict):
        items = dict.items(value)
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in items]}
    return {"other": type(value).__name__}


def decode(value: object) -> object:
    """Turn what `encode` made back into a value. Raises ValueError for anything else."""
    import base64
    import math
    import re

    import numpy as np

    if value is None or isinstance(value, bool):
        return value
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError("not an encoded value")
    ((kind, content),) = value.items()
    if kind == "int":
        return int(content)
    if kind == "float":
        return float.fromhex(content)
    if kind == "str":
        return str(content)
    if kind in ("array", "scalar"):
        dtype, shape, data = content
        if not re.fullmatch(r"[|<>=]?[biufU][0-9]{1,6}", dtype):
            raise ValueError("not a plain dtype")
        dtype, data = np.dtype(dtype), base64.b64decode(data, validate=True)
        if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(data):
            raise ValueError("shape and data do not fit")
        array = np.frombuffer(data, dtype).reshape(shape).copy()
        return array if kind == "array" else array[()]
    if kind == "list":
        return [decode(item) for item in content]
    if kind == "tuple":
        return tuple(decode(item) for item in content)
    if kind == "dict":
        return {decode(key): decode(item) for key, item in content}
    if kind == "other":
        from course_utils.teaching.grading.wire import Foreign

        name = re.sub(r"\W", "_", str(content))[:60] or "unknown"
        return type(name, (Foreign,), {})()
    raise ValueError("not an encoded value")


def serve(request: str, namespace: dict) -> str:
    """Answer a request in the kernel: call the function named there, and tell what came of it."""
    import json

    import numpy as np

    request = json.loads(request)
    function = namespace.get(request["name"])
    if not callable(function):
        return json.dumps({"missing": True})
    arguments = [decode(argument) for argument in request["arguments"]]
    try:
        if request["adapter"]:
            adapters = {"__name__": "adapter"}
            exec(request["adapter"], adapters)
            result = adapters[request["adapter_name"]](function, *arguments)
        else:
            result = function(*arguments)
        reply = {"result": encode(result)}
    except BaseException as error:
        unwritten = isinstance(error, NotImplementedError)
        return json.dumps({"error": type(error).__name__, "message": str(error)[:500], "unwritten": unwritten})
    changed = {}
    for number, argument in enumerate(request["arguments"]):
        before, after = decode(argument), arguments[number]
        if isinstance(before, np.ndarray) and encode(before) != encode(after):
            changed[str(number)] = encode(after)
    return json.dumps({**reply, "changed": changed})


_SERVER = "\n\n".join(inspect.getsource(function) for function in (encode, decode, serve))


def request_code(name: str, arguments: tuple[Any, ...], adapter: Callable | None = None) -> str:
    """Source that answers one call when the kernel runs it; it leaves the answer in ``__course_reply``, in base64.

    Parameters
    ----------
    name : of the student's function
    arguments : what it is called with
    adapter : function (student's function, *arguments) that runs in the kernel and returns plain values

    Returns
    -------
    code : a cell's source
    """
    request = json.dumps(
        {
            "name": name,
            "arguments": [encode(argument) for argument in arguments],
            "adapter": inspect.getsource(adapter) if adapter else "",
            "adapter_name": adapter.__name__ if adapter else "",
        }
    )
    return (
        "import base64 as __base64, builtins as __builtin\n"  # whatever the notebook calls exec
        "__course_reply = (lambda scope, names: (__builtin.exec(scope.pop('source'), scope), __base64.b64encode("
        f"scope['serve']({request!r}, names).encode()).decode()[:{LARGEST_REPLY + 1}])[1])"
        f"({{'source': {_SERVER!r}, '__name__': 'course_wire'}}, __builtin.globals())"
    )


class RemoteFunction:
    """A student's function as the checks see it: called here, evaluated in the kernel.

    Parameters
    ----------
    name : of the function in the kernel
    run : executes source in the kernel and returns the text that it left in ``__course_reply``
    """

    def __init__(self, name: str, run: Callable[[str], str]) -> None:
        self._name, self._run = name, run

    def __call__(self, *arguments: Any) -> Any:
        """Evaluate the function in the kernel."""
        return self._ask(arguments, None)

    def through(self, adapter: Callable) -> Callable:
        """Make a function that lets an adapter call the student's function, in the kernel."""
        return lambda *arguments: self._ask(arguments, adapter)

    def _ask(self, arguments: tuple[Any, ...], adapter: Callable | None) -> Any:
        text = self._run(request_code(self._name, arguments, adapter))
        if len(text) > LARGEST_REPLY:
            raise BrokenReplyError(f"the result is larger than {LARGEST_REPLY >> 20} MB")
        try:
            reply = json.loads(base64.b64decode(text, validate=True))
            if reply.get("missing"):
                raise CheckFailed(
                    f"{NO_FUNCTION} `{self._name}`: did its cell fail, does it stand below the check, or has "
                    "it another name?"
                )
            if "error" in reply:
                if reply["unwritten"] is True:
                    raise NotImplementedError
                raise _named(str(reply["error"]), str(reply["message"])[:500])
            for number, changed in dict(reply["changed"]).items():
                _overwrite(arguments[int(number)], decode(changed))
            return decode(reply["result"])
        except (RemoteError, NotImplementedError, CheckFailed):
            raise
        except Exception as error:  # whatever a forged reply may cause
            raise BrokenReplyError("the notebook interferes with the call of this function") from error


def _named(name: str, message: str) -> RemoteError:
    """An exception that shows the name it had in the kernel."""
    name = name if name.isidentifier() and len(name) < 60 else "Error"
    return type(name, (RemoteError,), {})(message)


def _overwrite(argument: Any, changed: Any) -> None:
    """Do to an argument here what the function did to its copy in the kernel."""
    if isinstance(argument, np.ndarray):
        if isinstance(changed, np.ndarray) and changed.shape == argument.shape:
            argument[...] = changed
        elif argument.size:
            argument[...] = ~argument if argument.dtype.kind == "b" else argument + 1
