#!/usr/bin/env python3
"""The target survives its inspector.

    python3 tests/live/survives.py HEAPGLASS [--rounds 50] [--python /usr/bin/python3] [--clone]

Runs `HEAPGLASS histogram PID --json` on fixtures/programs/busy.py again and again and ends the
inspector at a random instant of its usual time: with SIGKILL `--rounds` times, then with SIGINT and
SIGTERM. After each: no thread of the target is stopped or traced, it answers, its own checks are
right, and no signal was lost or delivered twice. Then an idle target is read whole: its RSS must not
change. Prints counts; exits 1 on any violation. With --clone the same of that mode, and no twin may be
left alive.
"""

import argparse
import json
import os
import random
import select
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

BUSY = Path(__file__).resolve().parents[2] / "fixtures" / "programs" / "busy.py"
QUEUED = signal.SIGRTMIN + 1
TIMER_HZ = 200  # of busy.py
SETTLE = 0.25  # seconds that the kernel is given after the inspector's end
ANSWER = 1.0  # seconds in which the target answers


class Violations:
    def __init__(self):
        self.counts = {}

    def add(self, kind, detail):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        print(f"VIOLATION {kind}: {detail}", flush=True)

    def __bool__(self):
        return bool(self.counts)


class Target:
    """busy.py, and a conversation with it."""

    def __init__(self, python, *options, program=BUSY):
        self.ack, child_ack = os.pipe()
        self.process = subprocess.Popen(
            [python, "-u", str(program), str(child_ack), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[child_ack],
        )
        os.close(child_ack)
        self.pid = self.process.pid
        self.ping(30)

    def ping(self, timeout=ANSWER):
        """Its status, or None if it does not answer in time."""
        try:
            self.process.stdin.write(b"status\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def tasks(self):
        """(state, tracer) of every thread."""
        result = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                lines = (task / "status").read_text().splitlines()
            except OSError:
                continue
            fields = dict(line.split(":", 1) for line in lines if ":" in line)
            result.append((fields["State"].split()[0], int(fields["TracerPid"])))
        return result

    def touched(self):
        """What the inspector has left behind, after the kernel's time to clean up."""
        end = time.monotonic() + SETTLE
        while True:
            bad = [t for t in self.tasks() if t[0] in "Tt" or t[1] != 0]
            if not bad or time.monotonic() > end:
                return bad
            time.sleep(0.001)

    def twins(self):
        """(pid, state) of its children whose end sends nothing: no program makes such."""
        result = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == self.pid and int(fields[35]) == 0:
                result.append((int(stat.parent.name), fields[0]))
        return result

    def twins_alive(self):
        """After the kernel's time to clean up; a zombie is dead."""
        end = time.monotonic() + SETTLE
        while True:
            alive = [twin for twin in self.twins() if twin[1] not in "ZX"]
            if not alive or time.monotonic() > end:
                return alive
            time.sleep(0.001)

    def rss_pages(self):
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])

    def rss_exact(self):
        """In kB; the kernel adds it up page by page, while statm is kept by approximate counters."""
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1])
        return -1

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ack)


class Signaller(threading.Thread):
    """Sends SIGUSR1, each after the last was acknowledged, and bursts of queued signals: dense enough
    that many threads are stopped on the way to a delivery, few enough that no queue overflows."""

    BURST = 30

    def __init__(self, target, violations):
        super().__init__(daemon=True)
        self.target, self.violations = target, violations
        self.single = self.queued = 0
        self.ending = threading.Event()

    def run(self):
        while not self.ending.is_set():
            for _ in range(self.BURST):
                os.kill(self.target.pid, QUEUED)
                self.queued += 1
            os.kill(self.target.pid, signal.SIGUSR1)
            self.single += 1
            if not select.select([self.target.ack], [], [], 3)[0]:
                self.violations.add("signal lost", f"SIGUSR1 number {self.single}")
            elif len(os.read(self.target.ack, 64)) != 1:
                self.violations.add("signal doubled", f"SIGUSR1 number {self.single}")
            time.sleep(0.0001)

    def stop(self):
        self.ending.set()
        self.join()


MODE = ["--pause"]


def inspect(binary, pid):
    return subprocess.Popen(
        [binary, "histogram", str(pid), "--json", *MODE],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def usual_time(binary, target, violations):
    times = []
    for _ in range(5):
        begin = time.monotonic()
        inspector = inspect(binary, target.pid)
        message = inspector.communicate()[1].decode(errors="replace")
        times.append(time.monotonic() - begin)
        if inspector.returncode != 0:
            violations.add("inspection failed", f"exit {inspector.returncode}: {message.strip()}")
    return statistics.median(times)


def check_target(target, violations, what, before):
    """One look after the inspector's end; the new status."""
    bad = target.touched()
    if bad:
        violations.add("left stopped or traced", f"{what}: {bad}")
    for twin in target.twins_alive():
        violations.add("twin left alive", f"{what}: {twin}")
    status = target.ping()
    if status is None:
        violations.add("does not answer", what)
        return before
    for error in status["errors"]:
        violations.add("target's own check", f"{what}: {error}")
    later = target.ping()
    if later is None:
        violations.add("does not answer", what)
        return status
    return later


def end_inspectors(binary, target, violations, number, rounds, usual):
    """Starts an inspector and ends it after a random time, again and again; how many it hit."""
    status = target.ping()
    hits = 0
    for round_ in range(rounds):
        wait = random.uniform(0, usual)
        inspector = inspect(binary, target.pid)
        time.sleep(wait)
        inspector.send_signal(number)
        try:
            message = inspector.communicate(timeout=10)[1].decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            inspector.kill()
            inspector.communicate()
            violations.add("inspector does not end", f"{number.name} after {wait * 1000:.1f} ms")
            continue
        code = inspector.returncode
        # Before its handlers are there a signal ends it as it ends any program; the shell shows
        # both as 128 + signal.
        expected = {-number} if number == signal.SIGKILL else {-number, 128 + number}
        if code in expected:
            hits += 1
        elif code != 0:
            violations.add("exit code", f"{code} after {number.name}: {message}")
        what = f"{number.name} round {round_} after {wait * 1000:.1f} ms"
        status = check_target(target, violations, what, status)
    return hits


def check_totals(target, signaller, violations):
    """Signals to the last one, and that everything went on."""
    end = time.monotonic() + 3
    while True:
        status = target.ping(3)
        if status is None:
            violations.add("does not answer", "at the end")
            return {}
        complete = status["queued"] >= signaller.queued
        if complete or time.monotonic() > end:
            break
        time.sleep(0.02)
    if status["queued"] != signaller.queued:
        violations.add("queued signals", f"{signaller.queued} sent, {status['queued']} delivered")
    if status["acknowledged"] != signaller.single:
        violations.add("single signals",
                       f"{signaller.single} sent, {status['acknowledged']} delivered")
    due = status["seconds"] * TIMER_HZ
    # Expirations that meet a pending one are merged by the kernel: fewer than due may come (stops,
    # two busy processors), never more.
    if not due * 0.25 <= status["timer"] <= due + 2:
        violations.add("timer", f"{status['timer']} of {due:.0f}")
    for name in ("arithmetic", "ping_pong", "allocations", "sleeps"):
        if status[name] == 0:
            violations.add("stands still", name)
    return status


def check_rss(binary, python, violations):
    """Of a target that does nothing, read whole."""
    target = Target(python, "--idle")
    target.ping()
    time.sleep(0.2)
    before = target.rss_pages(), target.rss_exact()
    for _ in range(3):
        inspector = inspect(binary, target.pid)
        message = inspector.communicate()[1].decode(errors="replace")
        if inspector.returncode != 0:
            violations.add("inspection failed", f"exit {inspector.returncode}: {message.strip()}")
    after = target.rss_pages(), target.rss_exact()
    if after != before:
        violations.add("RSS changed", f"(pages by statm, kB by smaps) {before} -> {after}")
    target.end()
    return before, after


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heapglass")
    parser.add_argument("--rounds", type=int, default=50, help="of SIGKILL")
    parser.add_argument("--polite-rounds", type=int, default=10, help="of SIGINT, of SIGTERM")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--clone", action="store_true")
    options = parser.parse_args()
    if options.clone:
        MODE[:] = ["--clone"]
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    random.seed(seed)
    binary = str(Path(options.heapglass).resolve())

    violations = Violations()
    # The twin's frames, and what is written while it lives, may take a page.
    rss = check_rss(binary, options.python, violations) if not options.clone else ("-", "-")
    target = Target(options.python)
    usual = usual_time(binary, target, violations)
    signaller = Signaller(target, violations)
    signaller.start()
    hits = {}
    for number, rounds in (
        (signal.SIGKILL, options.rounds),
        (signal.SIGINT, options.polite_rounds),
        (signal.SIGTERM, options.polite_rounds),
    ):
        hits[number.name] = f"{end_inspectors(binary, target, violations, number, rounds, usual)} of {rounds}"
    signaller.stop()
    status = check_totals(target, signaller, violations)
    target.end()

    print(f"seed {seed}; an undisturbed inspection takes {usual * 1000:.0f} ms")
    print(f"idle target: RSS in pages and kB {rss[0]} before, {rss[1]} after three inspections")
    print("inspectors ended before they were done: "
          + ", ".join(f"{name} {hit}" for name, hit in hits.items()))
    print(f"signals sent and delivered: {signaller.queued} queued, {signaller.single} acknowledged one "
          f"by one; timer {status.get('timer')} of {status.get('seconds', 0) * TIMER_HZ:.0f}")
    print("the target's own work: "
          + ", ".join(f"{status.get(name)} {name}"
                      for name in ("arithmetic", "ping_pong", "allocations", "sleeps")))
    print(f"violations: {violations.counts or 'none'}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
