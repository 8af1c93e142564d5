#!/usr/bin/env python3
"""What a target may do while its twin lives, and what --clone makes of targets in odd states.

    python3 tests/live/clone.py HEAPGLASS [--python /usr/bin/python3]

strace delays the inspector's kill of the twin, so that the twin lives for some seconds.
"""

import argparse
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from survives import Target, Violations, check_target
from target import prepare_child, skip

WATCHFUL = Path(__file__).resolve().parents[2] / "fixtures" / "programs" / "watchful.py"
HOLD = 3  # seconds
SETTLE = 10  # seconds, on a busy machine

# Obeys lines: "close", "exec", "exit", "fork", "spawn", "threads"; else answers.
OBEDIENT = r'''
import os, socket, sys, threading, time
fd = int(sys.argv[1])
held = [object() for _ in range(1000)]
print("ready", flush=True)
for line in sys.stdin:
    word = line.strip()
    if word == "close": os.close(fd)
    if word == "exec": os.execv("/bin/sleep", ["sleep", "1000"])
    if word == "exit": os._exit(7)
    if word == "fork":
        pid = os.fork()
        if pid == 0: os._exit(3)
        print(os.waitpid(-1, 0) == (pid, 3 << 8), flush=True)
        continue
    if word == "threads":
        threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(50)]
        [t.start() for t in threads]; [t.join() for t in threads]
    print("done", flush=True)
'''


class Obedient:
    def __init__(self, python, fd):
        self.process = subprocess.Popen([python, "-c", OBEDIENT, str(fd)], stdin=subprocess.PIPE, pass_fds=[fd],
                                        stdout=subprocess.PIPE, preexec_fn=prepare_child, text=True, bufsize=1)
        self.pid = self.process.pid
        self.process.stdout.readline()

    def tell(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def ask(self, word):
        self.tell(word)
        return self.process.stdout.readline().strip()

    twins = Target.twins
    twins_alive = Target.twins_alive

    def end(self):
        self.process.kill()
        self.process.wait()


class Held:
    """An inspector whose twin lives for HOLD seconds after it was read."""

    def __init__(self, binary, target):
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=kill", "-e",
             f"inject=kill:delay_enter={HOLD * 1000000}",
             binary, "histogram", str(target.pid), "--clone", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        end = time.monotonic() + SETTLE
        while not target.twins() and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.001)
        self.alive = bool(target.twins())

    def finish(self):
        self.out, self.err = self.process.communicate(timeout=60)
        return self.process.returncode


class Check:
    def __init__(self):
        self.failed, self.passed = 0, 0

    def __call__(self, what, holds, detail=""):
        self.passed += bool(holds)
        if not holds:
            self.failed += 1
            print(f"FAILED: {what}: {detail}", flush=True)


def readable(fd):
    return bool(select.select([fd], [], [], SETTLE)[0])


def ends_are_seen(check, binary, python):
    reader, writer = os.pipe()
    target = Obedient(python, writer)
    os.close(writer)
    inspector = Held(binary, target)
    check("a twin lives while the pipe is closed", inspector.alive)
    began = time.monotonic()
    target.ask("close")
    check("a pipe sees its end while the twin lives",
          readable(reader) and os.read(reader, 1) == b"" and target.twins(), f"{time.monotonic() - began} s")
    check("exit code", inspector.finish() == 0, inspector.err)
    check("the twin is collected", not target.twins(), target.twins())
    check("mode", json.loads(inspector.out)["acquisition"]["mode"] == "clone")
    target.end()

    ours, its = socket.socketpair()
    target = Obedient(python, its.fileno())
    its.close()
    inspector = Held(binary, target)
    target.ask("close")
    check("a socket sees its close while the twin lives",
          readable(ours) and ours.recv(1) == b"" and target.twins())
    check("exit code", inspector.finish() == 0, inspector.err)
    target.end()


def while_the_twin_lives(check, binary, python):
    for word, codes in (("exec", (0, 5)), ("exit", (0, 5)), ("fork", (0,)), ("threads", (0,))):
        target = Obedient(python, os.open("/dev/null", os.O_RDONLY))
        inspector = Held(binary, target)
        check(f"a twin lives before {word}", inspector.alive)
        if word in ("exec", "exit"):
            target.tell(word)
        else:
            answer = target.ask(word)
            check(f"{word} goes as ever", answer in ("True", "done"), answer)
        code = inspector.finish()
        check(f"exit code after {word}", code in codes, f"{code}: {inspector.err}")
        check(f"no twin is left after {word}", not target.twins_alive(), target.twins())
        if word == "exec":
            status = Path(f"/proc/{target.pid}/status").read_text()
            check("the new program runs untouched", "Name:\tsleep" in status and "TracerPid:\t0" in status, status)
        if word == "exit":
            check("its parent collects it", target.process.wait(SETTLE) == 7)
        target.end()


def odd_states(check, binary, python):
    def look(target):
        return subprocess.run([binary, "histogram", str(target.pid), "--clone", "--json"], capture_output=True)

    target = Obedient(python, os.open("/dev/null", os.O_RDONLY))
    os.kill(target.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, target.pid, os.WSTOPPED | os.WNOWAIT)
    done = look(target)
    check("one stopped by SIGSTOP is read", done.returncode == 0 and
          json.loads(done.stdout)["acquisition"]["mode"] == "clone", done.stderr)
    state = Path(f"/proc/{target.pid}/stat").read_text().rpartition(")")[2].split()[0]
    check("and stays stopped", state == "T", state)
    os.kill(target.pid, signal.SIGCONT)
    check("until SIGCONT", target.ask("hello") == "done")

    tracer = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(target.pid)])
    end = time.monotonic() + SETTLE
    while "TracerPid:\t0" in Path(f"/proc/{target.pid}/status").read_text() and time.monotonic() < end:
        time.sleep(0.01)
    done = look(target)
    check("one that is traced is refused, its tracer named",
          done.returncode == 3 and str(tracer.pid).encode() in done.stderr, done)
    check("and its tracer goes on", tracer.poll() is None and target.ask("hello") == "done")
    tracer.terminate()
    tracer.wait()
    target.end()


def restless(check, binary, python):
    """Twins of programs that are busy with what a twin must not disturb, one after the other."""
    for kind in ("checker", "prefork"):
        violations = Violations()
        target = Target(python, kind, program=WATCHFUL)
        before = target.ping()
        done = [subprocess.run([binary, "histogram", str(target.pid), "--clone", "--json"], capture_output=True)
                for _ in range(5)]
        check_target(target, violations, kind, before)
        check(f"{kind}: all were twins", all(
            d.returncode == 0 and json.loads(d.stdout)["acquisition"]["mode"] == "clone" for d in done),
            [d.stderr for d in done])
        after = target.ping()
        check(f"{kind}: no child was seen", after["strangers"] == before["strangers"], after)
        check(f"{kind}: untouched", not violations, violations.counts)
        target.end()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heapglass")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    if not shutil.which("strace"):
        skip("strace is not on this machine")
    binary = str(Path(options.heapglass).resolve())
    check = Check()
    for group in (ends_are_seen, while_the_twin_lives, odd_states, restless):
        group(check, binary, options.python)
    print(f"{check.passed} checks passed, {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
