"""What a function displays in a notebook."""

from __future__ import annotations

from collections.abc import Callable

from IPython.utils.capture import RichOutput, capture_output


def displayed(show: Callable[[], None]) -> RichOutput:
    """Call a function that displays one thing, and return that."""
    import IPython.core.displaypub
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()
    assert IPython.core.displaypub
    with capture_output() as captured:
        show()
    (output,) = captured.outputs
    return output
