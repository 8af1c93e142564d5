#!/usr/bin/env python3
"""Programs that watch themselves survive an inspector that makes twins of them and is ended.

    python3 tests/live/survives_clone.py HEAPGLASS [--rounds 10] [--steps] [--python /usr/bin/python3]

On each program of fixtures/programs/watchful.py (a checker of its arithmetic, descriptors, lock, timer,
children and signals; an asyncio server; a master that forks workers) `HEAPGLASS histogram PID --clone` is
run: some times to its end, after which no child may have been seen; then ended by SIGKILL, SIGINT,
SIGTERM and SIGQUIT, `--rounds` times each, at random instants of its usual time; with --steps also by
SIGKILL at each of its system calls that touch the target, one after the other (strace counts them). After
each the target is not stopped, traced or wrong, and no twin lives. Prints counts; exits 1 on a violation.
"""

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from survives import Target, Violations, check_target, inspect, MODE
from target import skip

WATCHFUL = Path(__file__).resolve().parents[2] / "fixtures" / "programs" / "watchful.py"
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)
# What the injection consists of; each is counted by itself.
STEPS = ("ptrace", "process_vm_writev", "kill", "waitid")
MOST_STEPS = 400


def strangers(target):
    return (target.ping() or {}).get("strangers", 0)


def undisturbed(binary, target, violations, kind):
    """To their end; how long one takes."""
    times = []
    before = strangers(target)
    for _ in range(5):
        began = time.monotonic()
        done = subprocess.run([binary, "histogram", str(target.pid), "--json", "--clone"], capture_output=True)
        times.append(time.monotonic() - began)
        document = json.loads(done.stdout) if done.returncode == 0 else {}
        if document.get("acquisition", {}).get("mode") != "clone":
            violations.add("no twin", f"{kind}: exit {done.returncode}: {done.stderr.decode().strip()}")
        if target.twins():
            violations.add("twin not collected", f"{kind}: {target.twins()}")
        check_target(target, violations, f"{kind}, undisturbed", None)
    if strangers(target) != before:
        violations.add("a child was seen", f"{kind}: {strangers(target) - before}")
    return sorted(times)[2]


def at_random(binary, target, violations, kind, rounds, usual):
    hits = 0
    for number in SIGNALS:
        for round_ in range(rounds):
            wait = random.uniform(0, usual)
            inspector = inspect(binary, target.pid)
            time.sleep(wait)
            inspector.send_signal(number)
            what = f"{kind}: {number.name} round {round_} after {wait * 1000:.1f} ms"
            try:
                message = inspector.communicate(timeout=20)[1].decode(errors="replace").strip()
            except subprocess.TimeoutExpired:
                inspector.kill()
                violations.add("inspector does not end", what)
                continue
            if inspector.returncode in (-number, 128 + number):
                hits += 1
            elif inspector.returncode != 0:
                violations.add("exit code", f"{what}: {inspector.returncode}: {message}")
            check_target(target, violations, what, None)
    return hits


def at_each_step(binary, target, violations, kind):
    """How many steps there were."""
    steps = 0
    for call in STEPS:
        for number in range(1, MOST_STEPS):
            done = subprocess.run(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                 f"inject={call}:signal=SIGKILL:when={number}",
                 binary, "histogram", str(target.pid), "--json", "--clone"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            check_target(target, violations, f"{kind}: SIGKILL at {call} {number}", None)
            if done.returncode == 0:
                break
            if done.returncode not in (-signal.SIGKILL, 128 + signal.SIGKILL):
                violations.add("exit code", f"{kind}: at {call} {number}: {done.returncode}: "
                               f"{done.stderr.decode(errors='replace').strip()}")
                break
            steps += 1
    return steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heapglass")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--kinds", default="checker,asyncio,prefork")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    if options.steps and not shutil.which("strace"):
        skip("strace is not on this machine")
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    random.seed(seed)
    binary = str(Path(options.heapglass).resolve())
    MODE[:] = ["--clone"]
    violations = Violations()
    print(f"seed {seed}")
    for kind in options.kinds.split(","):
        target = Target(options.python, kind, program=WATCHFUL)
        usual = undisturbed(binary, target, violations, kind)
        hits = at_random(binary, target, violations, kind, options.rounds, usual)
        steps = at_each_step(binary, target, violations, kind) if options.steps else 0
        if options.rounds and not hits:
            violations.add("no inspector was hit", kind)
        if options.steps and not steps:
            violations.add("no step was hit", kind)
        status = target.ping() or {}
        violations_of = status.pop("errors", ["does not answer"])
        target.end()
        print(f"{kind}: {usual * 1000:.0f} ms undisturbed; {hits} of {len(SIGNALS) * options.rounds} ended before "
              f"their end, {steps} more at as many steps; its own work {status}, errors {violations_of}", flush=True)
    print(f"violations: {violations.counts or 'none'}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
