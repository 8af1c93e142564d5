"""Golden tests of what heapglass prints: help texts, error messages, exit codes.

    python3 run.py path/to/heapglass [--update] [FILE.txt ...]

A file holds cases:

    === what is shown
    $ heapglass histogram --jsn
    exit 2
    --- stdout
    ...
    --- stderr
    ...

The command is run by sh in an empty directory. In commands and texts {python} is the pid of an idle
CPython, {sleep} that of sleep(1). In the expected text [...] stands for anything within a line; a
stdout of the one line `schema` is a document that its JSON schema accepts.
--update writes what was printed into the cases that fail: read the difference before you keep it.
"""

import dataclasses
import difflib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
IDLE = "import time, json, decimal\nprint('ready', flush=True)\ntime.sleep(3600)"
TIMEOUT = 60


@dataclasses.dataclass
class Case:
    title: str
    command: str
    exit: int
    stdout: str
    stderr: str
    raw_stdout: str = ""  # with pids as they were

    def text(self):
        return (f"=== {self.title}\n$ {self.command}\nexit {self.exit}\n"
                f"--- stdout\n{self.stdout}--- stderr\n{self.stderr}")


CASE = re.compile(
    r"=== (?P<title>.*)\n\$ (?P<command>.*)\nexit (?P<exit>\d+)\n"
    r"(?:--- stdout\n(?P<stdout>(?:(?!--- stderr\n|=== ).*\n)*))?"
    r"(?:--- stderr\n(?P<stderr>(?:(?!=== ).*\n)*))?")


def read_cases(path):
    cases, text, at = [], path.read_text(), 0
    while at < len(text):
        match = CASE.match(text, at)
        if match is None:
            sys.exit(f"{path}: no case at line {text.count(chr(10), 0, at) + 1}")
        fields = match.groupdict(default="")
        cases.append(Case(fields["title"], fields["command"], int(fields["exit"]),
                          fields["stdout"].rstrip("\n") + "\n" if fields["stdout"].strip() else "",
                          fields["stderr"].rstrip("\n") + "\n" if fields["stderr"].strip() else ""))
        at = match.end()
    return cases


def matches(expected, printed, raw=""):
    if expected == "schema\n":
        sys.path.insert(0, str(HERE.parent / "schemas"))
        import validate
        validate.validate_text(raw)
        return True
    pattern = ".*".join(re.escape(part) for part in expected.split("[...]"))
    return re.fullmatch(pattern, printed) is not None


def run(case, pids, environment):
    command = case.command
    for name, pid in pids.items():
        command = command.replace("{" + name + "}", str(pid))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL, capture_output=True)
    printed = []
    for stream in (done.stdout, done.stderr):
        text = stream.decode()
        for name, pid in pids.items():
            text = re.sub(rf"\b{pid}\b", "{" + name + "}", text)
        printed.append(text)
    return dataclasses.replace(case, exit=done.returncode, stdout=printed[0], stderr=printed[1],
                               raw_stdout=done.stdout.decode())


def problem(case, got):
    """Nothing, or what is wrong in words."""
    try:
        if (case.exit == got.exit and matches(case.stdout, got.stdout, got.raw_stdout)
                and matches(case.stderr, got.stderr)):
            return None
        reason = ""
    except Exception as error:  # a document that its schema refuses
        reason = f"{type(error).__name__}: {error}\n"[:2000]
    diff = difflib.unified_diff(case.text().splitlines(), got.text().splitlines(),
                                "expected", "printed", lineterm="", n=1)
    return reason + "\n".join(line[:200] for line in list(diff)[:40])


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    update = "--update" in sys.argv
    binary = pathlib.Path(arguments[0]).resolve()
    files = [pathlib.Path(a) for a in arguments[1:]] or sorted(HERE.glob("*.txt"))
    failed = total = 0
    with tempfile.TemporaryDirectory() as path_folder:
        os.symlink(binary, os.path.join(path_folder, "heapglass"))
        environment = {"PATH": f"{path_folder}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/"}
        python = subprocess.Popen(["/usr/bin/python3", "-c", IDLE], stdout=subprocess.PIPE)
        sleep = subprocess.Popen(["sleep", "3600"])
        try:
            python.stdout.readline()
            pids = {"python": python.pid, "sleep": sleep.pid}
            for file in files:
                results = []
                for case in read_cases(file):
                    got = run(case, pids, environment)
                    wrong = problem(case, got)
                    total += 1
                    failed += wrong is not None
                    if wrong is not None:
                        print(f"FAILED {file.name}: {case.title}\n{wrong}\n")
                    keep = wrong is None or case.stdout == "schema\n"
                    results.append(case if keep else got)
                if update:
                    file.write_text("\n".join(result.text() for result in results))
        finally:
            for process in (python, sleep):
                process.send_signal(signal.SIGKILL)
                process.wait()
    print(f"{total - failed} of {total} golden cases passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
