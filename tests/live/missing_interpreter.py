"""missing_interpreter.py NAME: the entry of an interpreter that is not on this machine.

Skipped, visibly and by name. Where the distribution has a python3.11 of its own, that one is never skipped:
it is what most users of such machines run, and one command away.
"""
import shutil
import subprocess
import sys

from target import skip


def packaged(name):
    """The package manager could install it."""
    if not shutil.which("apt-cache"):
        return False
    shown = subprocess.run(["apt-cache", "policy", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return b"Candidate:" in shown.stdout and b"Candidate: (none)" not in shown.stdout


name = sys.argv[1]
if name == "python3.11" and packaged(name):
    raise SystemExit("python3.11 is not on this machine, and never skipped: sudo apt-get install python3.11")
skip("%s is not on this machine" % name)
