"""Programs under test: started, looked at, and gone when the test is, whatever happened."""
import ctypes
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import time

SKIPPED = 77  # SKIP_RETURN_CODE of the ctest entries
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(os.path.dirname(os.path.dirname(HERE)), "fixtures", "programs")

PR_SET_PDEATHSIG, PR_SET_PTRACER, SIGKILL = 1, 0x59616D61, 9
libc = ctypes.CDLL(None)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4


def prepare_child():
    # Yama (Ubuntu) lets only ancestors trace, and heapglass is a sibling of the target: allow any.
    libc.prctl(PR_SET_PTRACER, ctypes.c_ulong(-1).value, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


class Target:
    """A fixture program that serves (fixtures/programs/truth.py): ready when constructed."""

    def __init__(self, python, program, *arguments, timeout=300, options=()):
        if os.sep not in program:
            program = os.path.join(PROGRAMS, program)
        self.process = subprocess.Popen(
            [python, "-B", *options, program] + [str(a) for a in arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=prepare_child, bufsize=0,
            env=dict(os.environ, PYTHONWARNINGS="ignore"))
        self.unread = b""
        line = self.line(timeout)
        if not line.startswith("ready "):
            self.close()
            raise SystemExit("%s said %r instead of ready" % (program, line))
        self.pid = int(line.split()[1])

    def line(self, timeout=300):
        end = time.monotonic() + timeout
        while b"\n" not in self.unread:
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                self.close()
                raise SystemExit("the target said nothing for %d s" % timeout)
            read = os.read(self.process.stdout.fileno(), 1 << 16)
            if not read:
                raise SystemExit("the target ended with %s" % self.process.wait())
            self.unread += read
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode()

    def truth(self, path):
        """Has the target write the truth about itself; returns the seconds it took."""
        began = time.monotonic()
        self.process.stdin.write(b"t" + os.fsencode(path) + b"\n")
        answer = self.line()
        if answer != "done":
            raise SystemExit("the target said %r instead of done" % answer)
        return time.monotonic() - began

    def collect(self):
        self.process.stdin.write(b"c")
        return int(self.line())

    def state(self):
        """Its letter in /proc/PID/stat."""
        with open("/proc/%d/stat" % self.pid) as file:
            return file.read().rpartition(")")[2].split()[0]

    def rss_kb(self):
        """Exact, page by page; VmRSS of /proc/PID/status lags behind by up to 256 kB a thread."""
        with open("/proc/%d/smaps_rollup" % self.pid) as file:
            for line in file:
                if line.startswith("Rss:"):
                    return int(line.split()[1])
        raise KeyError("Rss")

    def status(self, field):
        """A number of /proc/PID/status: kB where it is memory."""
        with open("/proc/%d/status" % self.pid) as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        raise KeyError(field)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Ran:
    """A finished run of heapglass: code (negative: the signal), out, err (bytes), seconds, peak (bytes)."""


def run(heapglass, *arguments, timeout=60, max_rss=None, stdout=None):
    """Runs heapglass to its end. Kills it, and fails, past `timeout` seconds or `max_rss` bytes."""
    ran = Ran()
    began = time.monotonic()
    with open(os.devnull, "rb") as nothing, Scratch() as scratch:
        out = stdout or open(scratch.path("out"), "w+b")
        err = open(scratch.path("err"), "w+b")
        child = subprocess.Popen([heapglass] + [str(a) for a in arguments], stdin=nothing, stdout=out, stderr=err)
        ran.peak = 0
        trouble = None
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            ran.seconds = time.monotonic() - began
            ran.peak = max(ran.peak, rss_of(child.pid))
            if trouble is None and ran.seconds > timeout:
                trouble = "was not done after %d s" % timeout
            if trouble is None and max_rss and ran.peak > max_rss:
                trouble = "used %d MB" % (ran.peak >> 20)
            if trouble:
                child.kill()
            time.sleep(0.005)
        ran.seconds = time.monotonic() - began
        ran.peak = max(ran.peak, usage.ru_maxrss << 10)
        ran.code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        child.returncode = ran.code
        err.seek(0)
        ran.err = err.read()
        err.close()
        ran.out = b""
        if stdout is None:
            out.seek(0)
            ran.out = out.read()
            out.close()
    ran.command = "heapglass " + " ".join(str(a) for a in arguments)
    if trouble:
        raise SystemExit("%s %s\n%s" % (ran.command, trouble, ran.err.decode("utf-8", "replace")))
    return ran


def run_json(heapglass, *arguments, codes=(0,), **limits):
    """Like run; the exit code must be one of `codes`; returns the document, and the run."""
    ran = run(heapglass, *arguments, **limits)
    said = "%s: exit code %d, %d bytes on stdout\n%s" % (
        ran.command, ran.code, len(ran.out), ran.err.decode("utf-8", "replace"))
    if ran.code not in codes:
        raise SystemExit(said)
    try:
        return json.loads(ran.out.decode("utf-8")), ran
    except ValueError as trouble:
        raise SystemExit("%s\nno valid JSON: %s" % (said, trouble))


def rss_of(pid):
    try:
        with open("/proc/%d/statm" % pid) as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


class Scratch:
    """A directory of our own for the time of a with statement."""

    def __enter__(self):
        import tempfile

        self.directory = tempfile.TemporaryDirectory(prefix="heapglass-test-")
        return self

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def __exit__(self, *_):
        self.directory.cleanup()


def skip(why):
    print("SKIP: %s" % why)
    sys.exit(SKIPPED)


def skip_unless_packaged(package):
    """Skips, by name, what is not there - or fails, where the package manager could install it."""
    said = b"(none)"
    if shutil.which("apt-cache"):
        said = subprocess.run(["apt-cache", "policy", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    if b"Candidate:" in said and b"Candidate: (none)" not in said:
        raise SystemExit("%s is not on this machine, and never skipped: sudo apt-get install %s" % (package, package))
    skip("%s is not on this machine" % package)
