#!/usr/bin/env python3
"""Every system call that heapglass makes, failing: the target runs on, the exit code is a documented one,
and there is no partial file.

    python3 tests/live/faults.py HEAPGLASS [--python /usr/bin/python3] [--all] [--mode pause|clone|live]

strace lists the calls of one run, and then makes each fail in a run of its own: the first, the second and
all later ones (with --all also each of the first 40 ptrace calls), with an error that this call can give.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from survives import Target, Violations, check_target
from target import skip

WATCHFUL = Path(__file__).resolve().parents[2] / "fixtures" / "programs" / "watchful.py"
PATIENCE = 60  # seconds
DOCUMENTED = {0, 3, 4, 5, 6, 7}
ERRORS = {"ptrace": "EPERM", "process_vm_readv": "EPERM", "process_vm_writev": "EFAULT", "mmap": "ENOMEM",
          "openat": "EMFILE", "write": "ENOSPC", "fsync": "EIO", "renameat2": "EACCES", "clone3": "EAGAIN",
          "madvise": "ENOMEM", "kill": "EPERM", "waitid": "ECHILD", "read": "EIO", "pread64": "EIO"}
# Without these nothing ends: strace cannot make them fail.
NOT_FAILING = {"exit", "exit_group", "rt_sigreturn", "execve", "restart_syscall"}
# Waits that are tried again until they succeed; all of them failing is an endless wait by design.
# (futex: the C library's own, which aborts; sched_yield and naps cannot fail.)
FIRST_ONLY = {"futex", "clock_nanosleep", "sched_yield", "rt_sigprocmask", "munmap", "close"}


def strace(*arguments, binary, target, mode, out):
    """(exit code, stderr); None and what was said where it did not end."""
    run = subprocess.Popen(
        ["strace", "-f", "-qq", *arguments, binary, "histogram", str(target.pid), f"--{mode}", "-o", out, "--json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        said = run.communicate(timeout=PATIENCE)[1]
        return run.returncode, said.decode(errors="replace")
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        return None, run.communicate()[1].decode(errors="replace")


def calls_of_a_run(binary, target, mode, scratch):
    log, out = os.path.join(scratch, "log"), os.path.join(scratch, "first")
    code, said = strace("-o", log, binary=binary, target=target, mode=mode, out=out)
    if code != 0:
        raise SystemExit(f"undisturbed: exit {code}: {said}")
    os.unlink(out)
    counts = {}
    for line in Path(log).read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\(", line)
        if call:
            counts[call[1]] = counts.get(call[1], 0) + 1
    return {name: n for name, n in sorted(counts.items()) if name not in NOT_FAILING}


def is_whole(path):
    try:
        with open(path) as file:
            return "totals" in json.load(file)
    except (OSError, ValueError):
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heapglass")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--mode", default="clone")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", help="calls, separated by commas")
    options = parser.parse_args()
    if not shutil.which("strace"):
        skip("strace is not on this machine")
    binary = str(Path(options.heapglass).resolve())
    violations = Violations()
    target = Target(options.python, "asyncio", program=WATCHFUL)
    codes, runs = {}, 0
    with tempfile.TemporaryDirectory(prefix="heapglass-test-") as scratch:
        calls = calls_of_a_run(binary, target, options.mode, scratch)
        if options.only:
            missing = set(options.only.split(",")) - set(calls)
            if missing:
                raise SystemExit("not called: %s" % sorted(missing))
            calls = {name: calls[name] for name in options.only.split(",")}
        for call, count in calls.items():
            whens = ["1", "2", "1+", "2+"] if call not in FIRST_ONLY else ["1", "2"]
            if call == "ptrace" and options.all:
                whens = [f"{n}{more}" for n in range(1, 41) for more in ("", "+")]
            for when in whens:
                if int(when.rstrip("+")) > count:
                    continue
                out = os.path.join(scratch, "result.json")
                what = f"{call} {when}"
                code, said = strace("-o", "/dev/null", "-e", f"trace={call}", "-e",
                                    f"inject={call}:error={ERRORS.get(call, 'EINVAL')}:when={when}",
                                    binary=binary, target=target, mode=options.mode, out=out)
                runs += 1
                codes[code] = codes.get(code, 0) + 1
                if code is None:
                    violations.add("does not end", what)
                # Before main() the dynamic linker ends it, in its own words.
                before_main = code == 127 and "error while loading" in said
                if code is not None and code not in DOCUMENTED and not before_main:
                    violations.add("exit code", f"{what}: {code}: {said.strip()[-300:]}")
                if code == 0 and not is_whole(out):
                    violations.add("exit 0 without a result", what)
                if code not in (0, 6) and os.path.exists(out):
                    violations.add("a file although it failed", f"{what}: exit {code}")
                left = [name for name in os.listdir(scratch) if name.endswith(".part")]
                # unlink failing is the one way to keep it, and SIGKILL, of ours where it did not end.
                if left and code is not None and not call.startswith("unlink"):
                    violations.add("partial file", f"{what}: {left}")
                for name in [*left, "result.json"]:
                    if os.path.exists(os.path.join(scratch, name)):
                        os.unlink(os.path.join(scratch, name))
                check_target(target, violations, what, None)
    status = target.ping() or {}
    target.end()
    print(f"{options.mode}: {runs} runs, each with one of {len(calls)} system calls failing; exit codes "
          f"{dict(sorted(codes.items(), key=str))}; the target {status}")
    print(f"violations: {violations.counts or 'none'}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
