"""Ending a process with everything that it has started."""

from __future__ import annotations

import psutil


def end_family(pid: int) -> None:
    """Kill a process and all its descendants, those in sessions of their own included."""
    try:
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
