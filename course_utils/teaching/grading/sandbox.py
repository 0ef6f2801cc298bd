"""Run a submission's code in Linux namespaces: no network, no files but its own, nothing that outlives it.

util-linux does the work: `unshare` makes the namespaces, a short shell script mounts what the submission may see,
`setpriv` drops all rights, `prlimit` sets the limits.

What is not limited: the processor time (give the caller a time limit), the disk space below `work` and `writable`, the
memory of all processes together (each one is limited).
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import json
import os
import platform
import re
import resource
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from course_utils.data.cache import cache_folder
from course_utils.data.catalog import data_files
from course_utils.teaching.notebooks import COURSE_ROOT

KERNEL_NAME = "course-sandbox"

_TOOLS = (
    "env",
    "setpriv",
    "unshare",
    "prlimit",
    "sh",
    "cat",
    "cp",
    "ln",
    "mkdir",
    "mount",
    "mountpoint",
    "pivot_root",
    "umount",
)
_TOOL_FOLDERS = "/usr/sbin:/usr/bin:/sbin:/bin"  # an ordinary user's PATH often lacks the first and third
_PRIVATE = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/home", "/root")  # /run: sockets of services, which could be asked
_PRIVATE_SIZE = "512m"  # of all private folders together
_KEPT_VARIABLES = (
    *("PATH", "HOME", "LANG", "LANGUAGE", "LC_*", "TZ", "TERM", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH"),
    *("JUPYTER_*", "IPYTHON*", "PYTHON*", "VIRTUAL_ENV", "CONDA_PREFIX", "COURSE_*", "TF_*", "XLA_FLAGS", "KERAS_*"),
    *("CUDA_VISIBLE_DEVICES", "OMP_*", "MKL_*", "OPENBLAS_*", "NUMEXPR_*", "MPL*"),
)
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|(^|_)KEY$")

# Builds the submission's view of the file system in /sys/new, then makes it the root. Arguments: the highest process
# number or 0, the working folder, size of the private folders, folders to make, folders of tools, any number of (kind,
# source, place), "--", the command. /sys serves as a mount point, since nothing here needs it. The source of a mount is
# the untouched file system, or a folder made in /sys. The tmpfs there becomes read-only as a whole at the end.
_BUILD = r"""
set -eu
highest=$1 work=$2 size=$3 folders=$4 path=$PATH new=/sys/new
PATH=$5:$PATH
shift 5

freeze() {
    mounts=$(cat /proc/self/mountinfo)
    while read -r _ _ _ _ at how _; do
        case $at in *\\*) at=$(printf '%b.' "$at") && at=${at%.} ;; esac
        case $at in "$new/proc"* | "$new/dev/shm" | "$new/dev/pts" | "$new/sys/"*) continue ;; esac
        case $at in "$1" | "$1"/*) ;; *) continue ;; esac
        case $how in ro | ro,*) continue ;; esac
        mount -o "remount,bind,ro${how#rw}" -- "$at" 2>/dev/null ||
            ! mountpoint -q -- "$at" ||
            mount --bind -- /sys/empty "$at"
    done <<END
$mounts
END
}

place() {
    if [ -d "$1" ]; then
        [ -d "$2" ] || mkdir -p -- "$2"
    elif ! [ -e "$2" ]; then
        mkdir -p -- "${2%/*}"
        : >"$2"
    fi
    mount --rbind -- "$1" "$2"
}

mount -t tmpfs -o mode=755,size=4m,nosuid,nodev course /sys
mkdir -p /sys/new /sys/empty /sys/private /sys/dev/shm /sys/dev/pts /sys/sys/devices/system
: >/sys/nothing
mount --rbind / "$new"
umount "$new/sys"
freeze "$new"

# Processors and memory of the machine are all that is needed of /sys, and a few devices of /dev.
mount --rbind "$new/sys/devices/system" /sys/sys/devices/system
mount --rbind /sys/sys "$new/sys"
for device in null zero full random urandom; do
    place "$new/dev/$device" "/sys/dev/$device"
done
cp -P /dev/fd /dev/stdin /dev/stdout /dev/stderr /sys/dev/
ln -s pts/ptmx /sys/dev/ptmx
mount -t devpts -o newinstance,ptmxmode=666,mode=600,nosuid,noexec devpts /sys/dev/pts
mount --rbind /sys/dev "$new/dev"

mount -t proc -o nosuid,nodev,noexec proc "$new/proc"
echo 0 >"$new/proc/sys/user/max_user_namespaces"
[ "$highest" = 0 ] || echo "$highest" >"$new/proc/sys/kernel/pid_max"
mount -o remount,bind,ro,nosuid,nodev,noexec "$new/proc"

mount -t tmpfs -o "mode=755,size=$size,nosuid,nodev" course /sys/private
mkdir -m 1777 $folders
while [ "$1" != -- ]; do
    place "$2" "$new$3"
    [ "$1" != read ] || freeze "$new$3"
    shift 3
done
shift

mount -o remount,ro,mode=755,size=4m,nosuid,nodev course /sys
pivot_root "$new" "$new/sys"
cd /
umount -l /sys
cd -- "$work"
PATH=$path
exec "$@"
"""

# The first process in the namespace: it collects orphans, and the submission can be stopped by signals as usual.
_FIRST = '"$@"; exit $?'


class _Mount(NamedTuple):
    depth: int
    rank: int  # which one lies on top if two have the same place
    kind: str
    source: str
    place: str


_RANKS = {"private": 0, "read": 1, "hide": 2, "write": 3}


def sandboxed(
    argv: Sequence[str],
    *,
    work: Path,
    writable: Sequence[Path] = (),
    hidden: Sequence[Path] = (),
    memory: int = 6 << 30,
    file_size: int = 256 << 20,
    processes: int = 200,
) -> list[str]:
    """Command line that runs a program in the sandbox.

    Inside, the file system is read-only but for `work` and `writable`. /tmp, /var/tmp, /dev/shm, /run and homes are
    empty and private; the Python installation, the course and its data stay readable wherever they are. There is no
    network. The program has no rights, even if root starts it, and sees none but its own processes, which all end
    when the process started here ends, or the thread that started it. Variables of the environment that a kernel does
    not need are dropped, so a key or token in one does not get in.

    Exit code, stdin, stdout and stderr are the program's own; one that dies of signal n exits with 128 + n.

    Parameters
    ----------
    argv : program and arguments
    work : the submission's own folder: writable, the working directory
    writable : further folders that stay shared and writable, e.g. that of the kernel's connection file and sockets
    hidden : files and folders that cannot be read inside; `work`, `writable`, Python and the course's package are
        visible even if they lie below one. Each must exist, since one made later would not be hidden.
    memory : bytes of address space each process may have
    file_size : bytes a file may grow to
    processes : how many processes and threads there may be. (Root is not subject to this before Linux 6.14; later,
        up to 300 more.)

    Raises
    ------
    ValueError
        If `argv` is empty, a folder does not exist, a limit is not positive, or something is hidden and writable.
    """
    if not argv:
        raise ValueError("argv is empty: give a program to run.")
    for name, limit in (("memory", memory), ("file_size", file_size), ("processes", processes)):
        if limit <= 0:
            raise ValueError(f"{name} is {limit}, expected a positive number.")
    folders = [_existing(path, "writable", folder=True) for path in (work, *writable)]
    covered = [_existing(path, "hidden") for path in hidden]
    if both := set(folders) & set(covered):
        raise ValueError(f"{both.pop()} is both hidden and writable: hide the folder above it, or its files.")
    mounts = _mounts(folders, covered)
    made = [mount.source for mount in mounts if mount.source.startswith(("/sys/private/", "/sys/empty/"))]
    return [
        *(_tool("env"), *(part for name in _dropped_variables() for part in ("-u", name))),
        *(_tool("setpriv"), "--pdeathsig", "KILL", "--"),
        *(_tool("unshare"), "--user", "--map-root-user", "--mount", "--net", "--ipc", "--pid"),
        *("--fork", "--kill-child=KILL", "--"),
        *(_tool("sh"), "-c", _BUILD, KERNEL_NAME, str(_highest_number(processes)), str(folders[0]), _PRIVATE_SIZE),
        *(" ".join(made), _TOOL_FOLDERS, *(part for mount in mounts for part in mount[-3:]), "--"),
        *(_tool("setpriv"), "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"),
        *(_tool("prlimit"), *_limits(memory, file_size, processes), "--"),
        *(_tool("sh"), "-c", _FIRST, KERNEL_NAME, *argv),
    ]


@functools.cache
def unavailable() -> str | None:
    """Why the sandbox does not work on this machine, in a sentence; None if it does. Tries it, once."""
    if not sys.platform.startswith("linux"):
        return f"the sandbox needs Linux, this is {platform.system()}."
    if missing := [name for name in _TOOLS if shutil.which(name, path=_tool_path()) is None]:
        return f"the sandbox needs {', '.join(missing)}: install util-linux and coreutils."
    with tempfile.TemporaryDirectory() as folder:
        for program in (["true"], [sys.executable, "-I", "-S", "-c", ""]):
            command = sandboxed(program, work=Path(folder))
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
            except subprocess.TimeoutExpired:
                return "the sandbox did not start within 30 seconds."
            except OSError as error:
                return f"the sandbox did not start: {error}."
            if done.returncode:
                return _reason(done.stderr)
    return None


def kernel_spec(folder: Path, command: list[str]) -> str:
    """Describe a sandboxed kernel to Jupyter.

    Parameters
    ----------
    folder : where the description is written; Jupyter finds it if JUPYTER_PATH names this folder
    command : the kernel's command line, e.g. from `sandboxed`, with "{connection_file}" as an argument

    Returns
    -------
    The kernel's name.

    Raises
    ------
    ValueError
        If no argument is "{connection_file}".
    """
    if "{connection_file}" not in command:
        raise ValueError(f'{command} has no argument "{{connection_file}}": the kernel would not know its sockets.')
    spec = {
        "argv": list(command),
        "display_name": "Python (sandbox)",
        "language": "python",
        "interrupt_mode": "message",  # a signal would reach the processes around the kernel only
    }
    place = Path(folder) / "kernels" / KERNEL_NAME
    place.mkdir(parents=True, exist_ok=True)
    (place / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return KERNEL_NAME


def _existing(path: Path, role: str, *, folder: bool = False) -> Path:
    path = Path(path)
    if folder and not path.is_dir():
        raise ValueError(f"{role} folder {path} does not exist: create it first.")
    if not path.exists():
        raise ValueError(f"{role} path {path} does not exist: create it first, or leave it out.")
    return path.resolve()


def _tool_path() -> str:
    return f"{_TOOL_FOLDERS}:{os.environ.get('PATH', '')}"


def _tool(name: str) -> str:
    return shutil.which(name, path=_tool_path()) or name


def _dropped_variables() -> list[str]:
    def kept(name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in _KEPT_VARIABLES) and not _SECRET.search(name)

    # Inside, the parent has another number: the kernel would take the parent for dead.
    return ["JPY_PARENT_PID", *(name for name in os.environ if not kept(name))]


def _limits(memory: int, file_size: int, processes: int) -> Iterator[str]:
    """Arguments of prlimit; without rights, a limit can only be lowered."""
    if _linux() < (5, 14):  # before, all of the user's processes count, those outside too
        processes += _own_threads()
    wanted = (
        ("as", resource.RLIMIT_AS, memory),
        ("fsize", resource.RLIMIT_FSIZE, file_size),
        ("nproc", resource.RLIMIT_NPROC, processes),
    )
    for name, which, limit in wanted:
        hard = resource.getrlimit(which)[1]
        yield f"--{name}={limit if hard == resource.RLIM_INFINITY else min(limit, hard)}"
    yield "--core=0"


def _own_threads() -> int:
    import psutil

    total = 0
    for process in psutil.process_iter():
        try:
            total += process.num_threads() if process.uids().real == os.getuid() else 0
        except psutil.Error:
            continue
    return total


def _highest_number(processes: int) -> int:
    """Root's processes are not counted by the kernel; but since Linux 6.14 a namespace has its own last number.

    Before, that number is the whole machine's, and must not be touched. 301 is the smallest one allowed.
    """
    return 301 + processes if os.geteuid() == 0 and _linux() >= (6, 14) else 0


def _linux() -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _mounts(folders: list[Path], covered: list[Path]) -> list[_Mount]:
    """What to mount where, outer folders first. `folders` are writable, `covered` hidden."""

    def mount(kind: str, place: Path, source: Path | None = None) -> _Mount:
        return _Mount(len(place.parts), _RANKS[kind], kind, str(source or place), str(place))

    private = _private_folders()
    hidden = {*covered, *(alias for path in covered for alias in _other_names(path))} - set(folders)
    found = {mount("private", path, Path(f"/sys/private/{i}")) for i, path in enumerate(sorted(private))}
    found |= {mount("write", path) for path in folders}
    for i, path in enumerate(sorted(hidden)):
        found.add(mount("hide", path, Path(f"/sys/empty/{i}" if path.is_dir() else "/sys/nothing")))
    for path in _needed(covered):
        if path.resolve() not in private:
            found.add(mount("read", path.resolve()))
        if path.is_symlink():  # the link itself may be covered: its name must lead there all the same
            found.add(mount("read", path.parent.resolve() / path.name, path.resolve()))
    mounts: list[_Mount] = []
    for one in sorted(found):
        above = [other for other in mounts if Path(one.place).is_relative_to(other.place)]
        if one.kind != "read" or (above and above[-1].kind in ("private", "hide")):
            mounts.append(one)
    return mounts


def _private_folders() -> set[Path]:
    import pwd

    named = [*_PRIVATE, os.environ.get("HOME", ""), os.environ.get("XDG_RUNTIME_DIR", "")]
    with contextlib.suppress(KeyError):
        named.append(pwd.getpwuid(os.getuid()).pw_dir)
    return {Path(name).resolve() for name in named if os.path.isabs(name) and os.path.isdir(name)} - {Path("/")}


def _needed(covered: list[Path]) -> Iterator[Path]:
    """What Python and the course need, as they name it."""
    names = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        names.append(site.getusersitepackages())
    package = Path(__file__).resolve().parents[2]
    paths = [*map(Path, names), package, data_files(), cache_folder()]
    if not any(COURSE_ROOT.is_relative_to(path) for path in covered):
        paths.append(COURSE_ROOT)
    for path in paths:
        if path.exists():
            yield path


def _other_names(path: Path) -> Iterator[Path]:
    """Further places of a file or folder, where its file system is mounted more than once."""
    mounts = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        device, root, at = line.split(" ")[2:5]
        mounts.append((device, _unescaped(root), _unescaped(at)))
    device, root, at = max((mount for mount in mounts if path.is_relative_to(mount[2])), key=lambda m: len(m[2].parts))
    inside = root / path.relative_to(at)
    for other_device, other_root, other_at in mounts:
        if other_device != device:
            continue
        if inside.is_relative_to(other_root):
            alias = other_at / inside.relative_to(other_root)
        elif other_root.is_relative_to(inside):
            alias = other_at
        else:
            continue
        if not alias.is_relative_to(path) and os.path.exists(alias):
            yield alias.resolve()


def _unescaped(name: str) -> Path:
    return Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), name))


def _reason(message: str) -> str:
    lines = message.strip().splitlines()
    said = f" ({lines[0]})" if lines else ""
    if re.search("not permitted|denied|unshare failed|No space left", message):
        advice = "allow unprivileged user namespaces, or grade in a container without network"
        if Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").exists():
            advice = f"set kernel.apparmor_restrict_unprivileged_userns=0 with sysctl; else {advice}"
        return f"this machine forbids user namespaces{said}: {advice}."
    return f"the sandbox does not start{said}."
