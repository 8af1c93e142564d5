"""The pause of --clone as the target sees it, against the target's own os.fork() on the same heap.

    python3 tests/bench/clone_pause.py HEAPGLASS [--gigabytes 0.1 1 4] [--rounds 5] [--python PYTHON]

In the target a thread reads the clock without a pause and notes the largest gap; while it does, heapglass
makes a twin of the process. In turns with that the target forks and measures how long os.fork() took. A
third figure is the largest gap of the same time in which nothing is done to it: what the machine's other
work costs. Medians over the rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

TARGET = r'''
import os, sys, threading, time
sys.setswitchinterval(5)
heap = [bytes(4000) for _ in range(int(float(sys.argv[1]) * (1 << 30) / 4096))]
clock = time.perf_counter
watching, largest = threading.Event(), [0.0]
def watch():
    while True:
        watching.wait()
        before = clock()
        while watching.is_set():
            now = clock()
            if now - before > largest[0]: largest[0] = now - before
            before = now
            time.sleep(0.0001)
threading.Thread(target=watch, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    if line == "watch\n":
        largest[0] = 0.0
        watching.set()
        print("watching", flush=True)
    elif line == "stop\n":
        watching.clear()
        print(largest[0], flush=True)
    elif line == "fork\n":
        began = clock()
        pid = os.fork()
        if pid == 0: os._exit(0)
        took = clock() - began
        os.waitpid(pid, 0)
        print(took, flush=True)
'''


class Target:
    def __init__(self, before, python, gigabytes):
        self.process = subprocess.Popen([*before, python, "-c", TARGET, str(gigabytes)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.process.stdout.readline()

    def ask(self, word):
        self.process.stdin.write(word + "\n")
        return self.process.stdout.readline().strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("heapglass")
    parser.add_argument("--gigabytes", type=float, nargs="+", default=[0.1, 1, 4])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--first", action="store_true")
    options = parser.parse_args()
    before = ["chrt", "-f", "1"] if options.first else []
    print("   GB   os.fork()  --clone as seen  as told  nothing done  seen / fork")
    for gigabytes in options.gigabytes:
        target = Target(before, options.python, gigabytes)
        forks, seen, told, quiet = [], [], [], []
        for _ in range(options.rounds):
            forks.append(float(target.ask("fork")))
            target.ask("watch")
            done = subprocess.run([*before, str(Path(options.heapglass).resolve()), "histogram", str(target.process.pid),
                                   "--clone", "--json", "--max-pause", "60s"], capture_output=True)
            seen.append(float(target.ask("stop")))
            if done.returncode != 0:
                raise SystemExit(done.stderr.decode())
            acquisition = json.loads(done.stdout)["acquisition"]
            if acquisition["mode"] != "clone":
                raise SystemExit(acquisition["clone_refused"])
            told.append(acquisition["pause_ms"] / 1000)
            target.ask("watch")
            subprocess.run(["sleep", "0.5"])
            quiet.append(float(target.ask("stop")))
        target.process.kill()
        target.process.wait()
        fork, gap = statistics.median(forks), statistics.median(seen)
        print(f"{gigabytes:5} {fork * 1e3:8.1f} ms {gap * 1e3:13.1f} ms {statistics.median(told) * 1e3:5.1f} ms "
              f"{statistics.median(quiet) * 1e3:10.1f} ms {gap / fork:12.2f}", flush=True)


if __name__ == "__main__":
    main()
