"""embedded.py HEAPGLASS [PYTHON...]: an interpreter inside of another program is read as exactly as a python.

Builds fixtures/programs/host.c with each PYTHON's headers and library - shared, and where there is a static
libpython (Debian's libpython3.11-dev) that too: as it is, stripped, without any dynamic symbol, without section headers - under a name
of its own, and compares object by object (exact.py). Once the program is deleted, and once replaced by another
file, after it has started, as an upgrade does.
"""
import json
import os
import subprocess
import sys

from exact import compare_target
from target import PROGRAMS, Scratch, Target, skip

WHERE = """
import json, os, sys, sysconfig
get = sysconfig.get_config_var
config = get("LIBPL") or ""
archive = os.path.join(config, get("LIBRARY") or "")
print(json.dumps({
    "include": sysconfig.get_path("include"), "library": get("LDVERSION") or get("VERSION"), "libdir": get("LIBDIR"),
    "archive": archive if archive.endswith(".a") and os.path.exists(archive) else None,
    "needs": (get("LIBS") or "") + " " + (get("SYSLIBS") or "") + " " + (get("MODLIBS") or ""),
    "home": get("prefix"), "built_in": "array" in sys.builtin_module_names,
    "offsets": sys.version_info >= (3, 13)}))
"""


def cut_section_headers(source, path):
    """What sstrip does: the loader needs none, and all names but the loader's own are reached through them."""
    with open(source, "rb") as file:
        image = bytearray(file.read())
    image[40:48] = bytes(8)  # e_shoff
    image[60:64] = bytes(4)  # e_shnum, e_shstrndx
    with open(path, "wb") as file:
        file.write(image)
    os.chmod(path, 0o755)


def build(where, directory):
    """(name, path, whether its allocator's table can be found) of each program that could be built."""
    common = ["gcc", "-DHOME=\"%s\"" % where["home"], "-I" + where["include"], os.path.join(PROGRAMS, "host.c")]
    shared = os.path.join(directory, "shared_worker")
    subprocess.run(common + ["-o", shared, "-L" + where["libdir"], "-Wl,-rpath," + where["libdir"],
                             "-lpython" + where["library"]], check=True)
    yield "shared", shared, True
    if not where["archive"]:
        return
    static = common + ["-no-pie", where["archive"], *where["needs"].split()]
    worker = os.path.join(directory, "static_worker")
    subprocess.run(static + ["-Wl,--export-dynamic", "-o", worker], check=True)
    yield "static", worker, True
    stripped = os.path.join(directory, "stripped_worker")
    subprocess.run(["strip", "--strip-all", "-o", stripped, worker], check=True)
    yield "static, stripped", stripped, True
    if where["offsets"]:
        headless = os.path.join(directory, "headless_worker")
        cut_section_headers(stripped, headless)
        yield "static, without section headers", headless, True
    if not where["built_in"]:
        return  # its modules are libraries, and need the program's symbols
    # Up to 3.11 only symbols lead to the allocator's table of arenas.
    nameless = os.path.join(directory, "nameless_worker")
    subprocess.run(static + ["-s", "-o", nameless], check=True)
    yield "static, without symbols", nameless, False


def look(heapglass, name, worker, pools_tell, after_start=lambda: None):
    print("== " + name)
    with Target(worker, "million.py", 20000) as target:
        after_start()
        return compare_target(heapglass, target, "million.py", False, pools_tell)[0]


def main(heapglass, *pythons):
    failing = looked = 0
    for python in pythons:
        where = json.loads(subprocess.check_output([python, "-c", WHERE]))
        if not os.path.exists(os.path.join(where["include"], "Python.h")):
            print("%s has no headers here" % python)
            continue
        with Scratch() as scratch:
            for name, worker, pools_tell in build(where, scratch.path("")):
                failing += look(heapglass, "%s, %s" % (python, name), worker, pools_tell)
                looked += 1
            failing += look(heapglass, python + ", deleted", worker, pools_tell, lambda: os.unlink(worker))

            def replace():
                os.rename(other, shared)

            shared, other = scratch.path("shared_worker"), scratch.path("other")
            with open(other, "w") as file:
                file.write("what the upgrade brought\n")
            failing += look(heapglass, python + ", replaced", shared, True, replace)
    if not looked:
        skip("no headers of any of: " + " ".join(pythons))
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
