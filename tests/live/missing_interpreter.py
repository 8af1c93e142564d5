"""missing_interpreter.py NAME [WHY]: the entry of an interpreter that is not on this machine.

Skipped, visibly and by name. Where the distribution has a python3.11 of its own, that one is never skipped:
it is what most users of such machines run, and one command away.
"""
import sys

from target import skip, skip_unless_packaged

name = sys.argv[1]
if name == "python3.11":
    skip_unless_packaged(name)
skip("%s is not on this machine%s" % (name, ": " + sys.argv[2] if sys.argv[2:] else ""))
