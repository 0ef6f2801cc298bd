"""The sandbox holds against code that tries to get out. COURSE_NO_SANDBOX=1 says that there is none."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from course_utils.teaching.grading import sandbox
from course_utils.teaching.grading.sandbox import kernel_spec, sandboxed, unavailable

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.environ.get("COURSE_NO_SANDBOX") == "1", reason="COURSE_NO_SANDBOX is set")


@pytest.fixture
def class_folder(tmp_path):
    """Submissions with a secret next to them; names as awkward as can be."""
    folder = tmp_path / 'the class\'s "work" $HOME * {} \\040 ü'
    for name in ("submissions/ann", "submissions/bob", "solutions", "shared"):
        (folder / name).mkdir(parents=True)
    (folder / "submissions" / "bob" / "bob.ipynb").write_text("bob's answer")
    (folder / "solutions" / "secret.ipynb").write_text("the answer")
    (folder / "key.txt").write_text("the key")
    return folder


@pytest.fixture
def run(class_folder):
    """Run a program in ann's sandbox; bob's work, the solutions and the key are hidden."""
    assert unavailable() is None, unavailable()

    def run(*argv, timeout=60, **options):
        streams = {"capture_output": True, "text": True, "input": options.pop("input", "")}
        env = options.pop("env", None)
        return subprocess.run(_command(class_folder, argv, **options), timeout=timeout, env=env, **streams)

    return run


def _command(folder, argv, **options):
    hidden = [folder / "submissions", folder / "solutions", folder / "key.txt"]
    options = {"writable": [folder / "shared"], "hidden": hidden, **options}
    return sandboxed(argv, work=folder / "submissions" / "ann", **options)


def _python(source):
    return (sys.executable, "-I", "-S", "-c", source)


def _said(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_works_here():
    assert unavailable() is None


def test_exit_code_and_streams_pass_through(run):
    done = run("sh", "-c", "cat; echo bad >&2; exit 7", input="hello")
    assert (done.returncode, done.stdout, done.stderr) == (7, "hello", "bad\n")
    assert run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL
    assert run("printf", "%s|", "a b", "", "'\"$HOME*").stdout == "a b||'\"$HOME*|"


def test_it_starts_in_its_own_folder(run, class_folder):
    assert run("pwd", "-P").stdout.strip() == str((class_folder / "submissions" / "ann").resolve())


def test_its_own_and_shared_folders_are_writable(run, class_folder):
    assert run("sh", "-c", 'echo 1 >mine; echo 2 >"$1/theirs"', "sh", str(class_folder / "shared")).returncode == 0
    assert (class_folder / "submissions" / "ann" / "mine").read_text() == "1\n"
    assert (class_folder / "shared" / "theirs").read_text() == "2\n"


def test_nothing_else_is_changed(run, class_folder):
    (Path.home() / ".cache").mkdir(exist_ok=True)
    targets = [Path(p) for p in ("/", "/etc", "/usr", "/var", "/sys", "/dev", "/proc", "/tmp", "/dev/shm", "/var/tmp")]
    targets += [Path.home(), Path.home() / ".cache", ROOT, ROOT / "course_utils", Path(sys.prefix), class_folder]
    targets += [class_folder / "submissions" / "bob", class_folder / "solutions"]
    source = f"""
import os
for folder in {list(map(str, targets))}:
    try:
        open(os.path.join(folder, "planted"), "w").write("x")
    except OSError:
        pass
for file in {[str(ROOT / "README.md"), str(class_folder / "key.txt"), sys.executable, "/etc/passwd"]}:
    for change in (lambda f: open(f, "a"), os.utime, lambda f: os.chmod(f, 0o777), os.remove):
        try:
            change(file)
        except OSError:
            continue
        raise SystemExit(f"{{file}} was changed")
"""
    done = run(*_python(source))
    assert done.returncode == 0, done.stderr
    assert [folder for folder in targets if (folder / "planted").exists()] == []


def test_the_machine_cannot_be_tuned(run):
    """Root's own files in /proc and /sys, and the disk itself, are out of reach even if root starts the sandbox."""
    source = """
import glob, json, os, stat
opened = []
for name in ["/proc/sys/kernel/core_pattern", "/proc/sys/user/max_user_namespaces", "/proc/sysrq-trigger",
             "/proc/sys/kernel/pid_max", *glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True)]:
    try:
        os.close(os.open(name, os.O_WRONLY))
        opened.append(name)
    except OSError:
        pass
devices = [name for name in glob.glob("/dev/*") if stat.S_ISBLK(os.lstat(name).st_mode)]
rights = [line.split()[1] for line in open("/proc/self/status") if line.startswith("Cap")]
print(json.dumps([opened, devices, rights]))
"""
    assert _said(run(*_python(source))) == [[], [], ["0" * 16] * 5]


def test_hidden_files_cannot_be_read(run, class_folder):
    names = [str(class_folder / name) for name in ("submissions/bob/bob.ipynb", "solutions/secret.ipynb", "key.txt")]
    source = f"""
import glob, json, os
found = []
pids = [name for name in os.listdir("/proc") if name.isdigit()]
roots = ["", "/sys", "/proc/self/root", *(f"/proc/{{pid}}/root" for pid in [*pids, os.getppid()])]
roots += [f"/proc/{{pid}}/cwd/" + "../" * 20 for pid in pids] + glob.glob("/proc/[0-9]*/fd/*/")
for root in roots:
    for name in {names}:
        try:
            found.append(open(root + name).read())
        except OSError:
            pass
found += os.listdir({str(class_folder / "submissions")!r}) + os.listdir({str(class_folder / "solutions")!r})
print(json.dumps([len(pids), "".join(found)]))
"""
    assert _said(run(*_python(source))) == [2, "ann"]


def test_hidden_files_can_be_read_if_not_hidden(run, class_folder):
    """So that the test above shows something."""
    assert run("cat", str(class_folder / "key.txt"), hidden=[]).returncode != 0  # below /tmp
    key = ROOT / "README.md"
    assert run("cat", str(key), hidden=[]).stdout == key.read_text(encoding="utf-8")
    assert run("cat", str(key), hidden=[key]).stdout == ""
    assert run("ls", str(ROOT / "notebooks"), hidden=[ROOT / "notebooks"]).stdout == ""


def test_a_link_to_a_hidden_folder_does_not_help(run, class_folder):
    (class_folder / "link").symlink_to(ROOT / "notebooks")
    assert run("ls", str(ROOT / "notebooks")).stdout
    assert run("ls", str(ROOT / "notebooks"), hidden=[class_folder / "link"]).stdout == ""


def test_covers_cannot_be_removed(run, class_folder):
    source = f"""
import ctypes, json, os
libc = ctypes.CDLL(None, use_errno=True)
done = []
hidden, work, root = {os.fsencode(ROOT / "notebooks")!r}, os.getcwdb(), b"/"
def call(what, *args):
    if libc[what](*args) == 0:
        done.append(what)
for flags in (0, 2, 8):
    for place in (hidden, b"/proc", b"/tmp", b"/sys", work):
        call("umount2", place, flags)
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_MOVE = 1, 32, 4096, 16384, 8192
for flags in (MS_REMOUNT | MS_BIND, MS_REMOUNT):
    for place in (root, hidden, b"/proc", b"/usr"):
        call("mount", None, place, None, flags, None)
call("mount", root, work, None, MS_BIND, None)
call("mount", root, work, None, MS_BIND | MS_REC, None)
call("mount", hidden, work, None, MS_MOVE, None)
call("mount", b"proc", work, b"proc", 0, None)
call("chroot", work)
call("unshare", 0x10000000)
call("unshare", 0x00020000)
call("unshare", 0x10000000 | 0x00020000)
call("setns", os.open("/proc/1/ns/mnt", os.O_RDONLY), 0)
call("setuid", 1)
call("mknod", b"disk", 0o60600, 0xfe00)
print(json.dumps([done, os.listdir(hidden.decode())]))
"""
    assert _said(run(*_python(source), hidden=[ROOT / "notebooks"])) == [[], []]


def test_another_mount_of_a_hidden_folder_is_hidden_too(monkeypatch, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "copy of a").mkdir()
    device = "9:9"
    table = f"1 0 9:1 / / rw - ext4 x rw\n2 1 {device} /x {tmp_path}/a rw - ext4 x rw\n"
    table += (
        f"3 1 {device} /x/b/c {tmp_path}/a rw - ext4 x rw\n4 1 {device} /x/b {tmp_path}/copy\\040of\\040a rw - e x rw\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: table)
    assert tmp_path / "copy of a" in set(sandbox._other_names(tmp_path / "a" / "b"))
    assert list(sandbox._other_names(Path("/etc"))) == []


def test_no_network_but_sockets_in_a_shared_folder(run, class_folder):
    with tempfile.TemporaryDirectory() as shared, socket.create_server(("127.0.0.1", 0)) as server:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{shared}/s")
        listener.listen()
        outside = socket.socket(socket.AF_UNIX)
        outside.bind("\0course-test")
        outside.listen()
        source = f"""
import json, socket
answers = []
for family, address in ((socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]})), (socket.AF_INET, ("192.0.2.1", 80)),
                        (socket.AF_UNIX, "\\0course-test"), (socket.AF_UNIX, {shared + "/s"!r})):
    try:
        socket.socket(family).connect(address)
        answers.append(True)
    except OSError:
        answers.append(False)
print(json.dumps(answers))
"""
        done = run(*_python(source), writable=[Path(shared)], hidden=[])
        assert _said(done) == [False, False, False, True]
        listener.close()
        outside.close()


def test_nothing_survives(run, class_folder):
    source = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    while True:
        open("beat", "a").write("x")
        time.sleep(0.02)
time.sleep(600)
"""
    beat = class_folder / "submissions" / "ann" / "beat"
    process = subprocess.Popen(_command(class_folder, _python(source)), start_new_session=True)
    try:
        _wait_for(lambda: beat.exists() and beat.stat().st_size > 3)
    finally:
        process.kill()
        process.wait()
    time.sleep(1)
    before = beat.stat().st_size
    time.sleep(0.3)
    assert beat.stat().st_size == before


def test_what_is_left_ends_with_the_program(run, class_folder):
    run("sh", "-c", "setsid sh -c 'sleep 1; echo x >late' & exit 0")
    time.sleep(1.5)
    assert not (class_folder / "submissions" / "ann" / "late").exists()


def _wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_file_size_is_limited(run, class_folder):
    source = """
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("big", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(1 << 18))
    except OSError as error:
        print(error.errno)
"""
    assert run(*_python(source), file_size=1 << 20).stdout == "27\n"
    assert (class_folder / "submissions" / "ann" / "big").stat().st_size == 1 << 20


def test_private_folders_are_limited(run):
    done = run("dd", "if=/dev/zero", "of=/tmp/big", "bs=1M", "count=700", file_size=1 << 40)
    assert "No space left" in done.stderr


def test_memory_is_limited(run):
    source = """
try:
    bytearray(8 << 30)
except MemoryError:
    print("MemoryError", len(bytearray(100 << 20)))
"""
    assert run(*_python(source), memory=1 << 30).stdout == f"MemoryError {100 << 20}\n"


def test_limits_cannot_be_raised(run):
    source = """
import resource
for which in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
    try:
        resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print("raised", which)
    except ValueError:
        pass
"""
    done = run(*_python(source))
    assert (done.returncode, done.stdout) == (0, "")


def test_processes_are_limited(run):
    source = """
import os, time
count = 0
try:
    for _ in range(1000):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        count += 1
except OSError:
    pass
print(count)
"""
    done = run(*_python(source), processes=100)
    most = 100 if os.geteuid() else 100 + 301
    assert done.returncode == 0
    assert 50 < int(done.stdout) <= most


def test_secrets_of_the_environment_stay_outside(run, monkeypatch):
    monkeypatch.setenv("GH_TOKEN", "s3cret")
    monkeypatch.setenv("JUPYTER_TOKEN", "s3cret")
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    source = """
import glob
text = b"".join(open(name, "rb").read() for name in glob.glob("/proc/[0-9]*/environ"))
print(b"s3cret" in text, b"COURSE_OFFLINE=1" in text)
"""
    assert run(*_python(source)).stdout == "False True\n"


def test_home_is_private_and_python_in_it_still_works(run, monkeypatch, tmp_path):
    home = tmp_path / "home"
    (home / "venv" / "lib").mkdir(parents=True)
    (home / "venv" / "lib" / "module.py").write_text("1")
    (home / "real").mkdir()
    (home / "real" / "module.py").write_text("2")
    (home / "link").symlink_to(home / "real")
    (home / "id_rsa").write_text("s3cret")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(sys, "prefix", str(home / "venv"))
    monkeypatch.setattr(sys, "exec_prefix", str(home / "link"))
    shell = "ls -A ~; cat ~/venv/lib/module.py ~/link/module.py; echo x >~/venv/x; echo x >~/free && cat ~/free"
    done = run("sh", "-c", shell, hidden=[home / "venv" / "lib"])
    assert done.stdout.split() == ["link", "real", "venv", "2x"]
    assert "Read-only" in done.stderr
    assert not (home / "free").exists()


def test_bad_arguments_are_named(tmp_path):
    for options, message in (
        ({"work": tmp_path / "no"}, "no"),
        ({"work": tmp_path, "hidden": [tmp_path / "gone"]}, "gone"),
        ({"work": tmp_path, "writable": [tmp_path / "away"]}, "away"),
        ({"work": tmp_path, "hidden": [tmp_path]}, "both"),
        ({"work": tmp_path, "memory": 0}, "memory is 0"),
        ({"work": tmp_path, "processes": -1}, "processes is -1"),
    ):
        with pytest.raises(ValueError, match=message):
            sandboxed(["true"], **options)
    with pytest.raises(ValueError, match="argv"):
        sandboxed([], work=tmp_path)
    with pytest.raises(ValueError, match="connection_file"):
        kernel_spec(tmp_path, ["python"])


@pytest.mark.parametrize(
    ("platform", "path", "expected"), [("darwin", None, "needs Linux"), ("linux", "/nowhere", "setpriv")]
)
def test_the_reason_is_told(monkeypatch, platform, path, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sandbox, "_tool_path", lambda: path)
    assert expected in unavailable.__wrapped__()


def test_forbidden_namespaces_are_told():
    """Inside the sandbox itself no further namespaces can be made."""
    assert unavailable() is None, unavailable()
    source = "from course_utils.teaching.grading.sandbox import unavailable; print(unavailable())"
    with tempfile.TemporaryDirectory() as folder:
        command = sandboxed([sys.executable, "-c", source], work=Path(folder))
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "forbids user namespaces (unshare" in done.stdout, done.stderr


def test_it_costs_little(run):
    """Processor time, so that a busy machine does not fail the test; 0.06 s on the clock of a quiet one."""

    def seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("true").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.1


def test_a_kernel_answers_and_can_be_interrupted(class_folder, monkeypatch):
    assert unavailable() is None, unavailable()
    shared = Path(tempfile.mkdtemp(prefix="c"))  # a socket's path may have 107 characters
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    name = kernel_spec(class_folder, _command(class_folder, argv, writable=[shared]))
    monkeypatch.setenv("JUPYTER_PATH", str(class_folder))
    manager = KernelManager(
        kernel_name=name,
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(class_folder / "kernels")]),
        transport="ipc",
        ip=str(shared / "s"),
        connection_file=str(shared / "connection.json"),
    )
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        assert _result(client, "1 + 1") == "2"
        client.execute("import time\nfor _ in range(600): time.sleep(0.1)", stop_on_error=False)
        _wait_for(lambda: client.get_iopub_msg(timeout=10)["msg_type"] == "execute_input")
        time.sleep(0.5)
        manager.interrupt_kernel()
        assert client.get_shell_msg(timeout=20)["content"]["ename"] == "KeyboardInterrupt"
        assert _result(client, "'still ' + 'there'") == "'still there'"
        assert _result(client, "!echo from a shell") is None
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        shutil.rmtree(shared)


def _result(client, code):
    results = []

    def keep(message):
        if message["msg_type"] == "execute_result":
            results.append(message["content"]["data"]["text/plain"])

    reply = client.execute_interactive(code, output_hook=keep, timeout=60)
    assert reply["content"]["status"] == "ok", reply
    return results[0] if results else None
