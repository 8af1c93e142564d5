#!/usr/bin/env python3
"""Writes the layout file of one CPython build, from the debug information of that build.

    extract.py ~/.pyenv/versions/3.12.1/bin/python3      writes 3.12.tsv beside this file
    extract.py /usr/bin/python3.11 -o /tmp/debian.tsv    DWARF from /usr/lib/debug, by build id
    extract.py DIR/bin/python3.14 --root DIR/sid             of fixtures/interpreters.sh
    extract.py libpython3.12.so.1.0                      extension modules from beside it
    extract.py --headers /opt/py/include/python3.14 --version 3.14.10
                                                         no interpreter: only what headers define

facts.txt says what is asked for. A fact that the build does not have is left out. The second half
of this file runs inside gdb, whose Python reads DWARF; gdb runs nothing of the interpreter. If it
is given an executable, that is run to ask for its version and files, and for what hides.py says.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REQUEST = "HEAPGLASS_EXTRACT_REQUEST"

# What differs in kind and not in number, by the first version that has it: the words of
# symbols/layout.h. With the constants of Objects/obmalloc.c, and the micro version of each minor
# since which something is so (99: never), the only table by version.
WORDS = {
    "_PyScannerObject.strict": [((3, 6), 16), ((3, 7), None)],  # no object then
    "dialect.gc_head": [((3, 6), "counted"), ((3, 8), "linked")],
    "dialect.header_size": [((3, 6), "by_object"), ((3, 11), "by_type"), ((3, 13), "by_object")],
    "dialect.int_size": [((3, 6), "digits"), ((3, 11), "at_least_one")],
    "dialect.line_table": [((3, 6), "lnotab"), ((3, 10), "ranges"), ((3, 11), "locations")],
    "dialect.managed_dict": [
        ((3, 6), "none"), ((3, 11), "pair"), ((3, 12), "tagged"), ((3, 13), "inline_values")],
    "dialect.refcount": [((3, 6), "signed64"), ((3, 12), "low32"), ((3, 14), "overflow")],
    "dialect.stack_refs": [((3, 6), "pointer"), ((3, 14), "tagged")],
    "dialect.static_types": [((3, 6), "own"), ((3, 12), "per_interpreter")],
    "dialect.subtype_traverse": [((3, 6), "shows_type"), ((3, 9), "leaves_it_to_heap_base")],
    "framestate.FRAME_CLEARED": [((3, 11), 4), ((3, 15), 5)],
    "framestate.FRAME_CREATED": [((3, 11), 256 - 2), ((3, 13), 256 - 3), ((3, 15), 0)],
    "framestate.FRAME_EXECUTING": [((3, 11), 0), ((3, 15), 4)],
    "pymalloc.ALIGNMENT": [((3, 6), 16)],  # 8 where the collector's head is shorter: gc_head.cpp
    "pymalloc.ARENA_SIZE": [((3, 6), 256 << 10), ((3, 10), 1 << 20)],
    "pymalloc.POOL_SIZE": [((3, 6), 4 << 10), ((3, 10), 16 << 10)],
    "methodcallerobject.vectorcall_args": [((3, 6), None), ((3, 14), 40)],
    "methodcallerobject.vectorcall_kwnames": [((3, 6), None), ((3, 14), 48)],
    "since.cleared_frame_code_shown": [((3, 6), 99), ((3, 14), 0)],
    "since.ctypes_dict_sizeof": [((3, 6), 99), ((3, 7), 0)],
    "since.managed_dict_shown": [((3, 13), 13), ((3, 14), 4), ((3, 15), 0)],
    "since.pickle_memo_shown": [((3, 6), 99), ((3, 11), 7), ((3, 12), 1), ((3, 13), 0)],
    "since.simple_queue_sizeof": [((3, 13), 99), ((3, 15), 0)],
    "since.structseq_hidden_shown": [((3, 6), 99), ((3, 8), 0)],
    "since.tree_builder_events_shown": [((3, 6), 99), ((3, 7), 0)],
    "since.typevar_name_shown": [((3, 13), 10), ((3, 14), 1), ((3, 15), 0)],
    "since.unstarted_generator_stays": [((3, 6), 99), ((3, 12), 0)],
}

# What is so in free-threaded builds (Py_GIL_DISABLED) of any version; None: they have no such thing.
FREE_THREADED = {
    "PyGC_Head._gc_next": None,
    "PyGC_Head._gc_prev": None,
    "dialect.gc_head": "in_object",
    "dialect.refcount": "split",
    "since.code_consts_shown": 0,
    "sizeof.PyGC_Head": 0,
}
# What other builds have too, but nobody asks of them.
ONLY_FREE_THREADED = (
    "PyCodeObject.co_tlbc", "PyInterpreterState.unique_ids.", "_PyInterpreterFrame.tlbc_index",
    "_PyThreadStateImpl.refcounts.", "_gc_runtime_state.generations", "mi_", "sizeof.mi_")


def read_facts(path):
    """[[canonical name, other name, ...], ...]"""
    facts = []
    with open(path, encoding="ascii") as file:
        for line in file:
            line = line.partition("#")[0].strip()
            if line:
                facts.append([name.strip() for name in line.split("|")])
    return facts


def struct_and_field(name):
    """("PyDictObject", "ma_keys"), ("PyDictObject", "") for its size"""
    if name.startswith("sizeof."):
        return name.removeprefix("sizeof."), ""
    struct, _, field = name.partition(".")
    return struct, field


# ---- inside gdb ---------------------------------------------------------------------------------


def inside_gdb():
    import gdb

    structs = (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION)

    def complete(type_):
        type_ = type_.strip_typedefs()
        return type_ if type_.code in structs and type_.sizeof and type_.fields() else None

    def candidates(name):
        """Every struct of that name: static names may stand for several."""
        found = []
        for domain in (gdb.SYMBOL_STRUCT_DOMAIN, gdb.SYMBOL_VAR_DOMAIN):  # tags, typedefs
            for symbol in gdb.lookup_static_symbols(name, domain):
                if symbol.addr_class == gdb.SYMBOL_LOC_TYPEDEF:
                    found.append(complete(symbol.type))
        return [type_ for type_ in found if type_]

    def member(type_, name):
        """(offset, type) of a member, or of one inside an anonymous struct or union."""
        for field in type_.fields():
            if not hasattr(field, "bitpos"):  # a static member
                continue
            inner = field.type.strip_typedefs()
            if field.name == name:
                if field.bitsize:
                    return field.bitpos // (8 * inner.sizeof) * inner.sizeof, inner
                return field.bitpos // 8, inner
            if not field.name and inner.code in structs:
                below = member(inner, name)
                if below:
                    return field.bitpos // 8 + below[0], below[1]
        return None

    def offset_of(type_, path):
        offset = 0
        for name in path.split("."):
            while type_.code == gdb.TYPE_CODE_ARRAY:
                type_ = type_.target().strip_typedefs()
            found = member(type_, name) if type_.code in structs else None
            if not found:
                return None
            offset += found[0]
            type_ = found[1]
        return offset

    def measure(type_, fields):
        measured = {"": type_.sizeof}
        for field in fields:
            offset = offset_of(type_, field)
            if offset is not None:
                measured[field] = offset
        return measured

    with open(os.environ[REQUEST], encoding="utf-8") as file:
        request = json.load(file)
    answer = {name: [] for name in request["structs"]}
    version = None
    for path in request["files"]:
        gdb.execute("file " + path, to_string=True)
        for name, fields in request["structs"].items():
            seen = answer[name]
            for type_ in candidates(name):
                measured = measure(type_, fields)
                if measured not in [other for _, other in seen]:
                    seen.append((path, measured))
        try:  # an initialised constant, since 3.11
            version = version or int(gdb.parse_and_eval("*(unsigned long*)&Py_Version"))
        except gdb.error:
            pass
    with open(request["answer"], "w", encoding="utf-8") as file:
        json.dump({"structs": answer, "version": version}, file)


# ---- the driver ---------------------------------------------------------------------------------


def fail(message):
    sys.exit("extract.py: " + message)


def ask_gdb(files, facts, root):
    """{struct: [[file, {field: offset, "": size}], ...]}, Py_Version or None"""
    structs = {}
    for names in facts:
        for name in names:
            struct, field = struct_and_field(name)
            fields = structs.setdefault(struct, [])
            if field:
                fields.append(field)
    with tempfile.TemporaryDirectory() as scratch:
        request = os.path.join(scratch, "request.json")
        answer = os.path.join(scratch, "answer.json")
        with open(request, "w", encoding="utf-8") as file:
            json.dump({"structs": structs, "files": files, "answer": answer}, file)
        done = subprocess.run(
            ["gdb", "-nx", "-nh", "-batch", "-iex", "set debuginfod enabled off",
             "-iex", f"set debug-file-directory {root}/usr/lib/debug",
             "-x", os.path.abspath(__file__)],
            env=dict(os.environ, **{REQUEST: request}), capture_output=True, text=True)
        if not os.path.exists(answer):
            fail("gdb failed:\n" + done.stderr)
        with open(answer, encoding="utf-8") as file:
            result = json.load(file)
    return result["structs"], result["version"]


def choose(struct, found, interpreter):
    """Of several structs of one name, the one with most of the fields asked for."""
    if not found:
        return {}
    most = max(len(fields) for _, fields in found)
    best = [(path, fields) for path, fields in found if len(fields) == most]
    own = [(path, fields) for path, fields in best if path == interpreter] or best
    if len(own) > 1:
        places = "; ".join(f"{os.path.basename(path)} {fields}" for path, fields in own)
        print(f"extract.py: {struct} is ambiguous, left out: {places}", file=sys.stderr)
        return {}
    return own[0][1]


def word(name, version, flavour):
    if "t" in flavour and name in FREE_THREADED:
        return FREE_THREADED[name]
    values = [value for first, value in WORDS[name] if first <= version]
    if values:
        return values[-1]  # None: not any more
    if name.startswith(("since.", "framestate.")):  # of something that the version does not have at all
        return None
    fail(f"{name} is not known for {version[0]}.{version[1]}: see WORDS")


def values_of(facts, structs, interpreter, version, flavour):
    chosen = {name: choose(name, found, interpreter) for name, found in structs.items()}
    values = {}
    for names in facts:
        if names[0].startswith(ONLY_FREE_THREADED) and "t" not in flavour:
            continue
        if names[0] in WORDS or ("t" in flavour and names[0] in FREE_THREADED):
            value = word(names[0], version, flavour)
            if value is not None:
                values[names[0]] = value
            continue
        for name in names:
            struct, field = struct_and_field(name)
            if field in chosen[struct]:
                values[names[0]] = chosen[struct][field]
                break
    return values


def hiding_types(path, values):
    """What hides.py finds in the interpreter itself."""
    done = subprocess.run(
        [path, "-E", "-s", os.path.join(HERE, "hides.py"), str(values["PyTypeObject.tp_traverse"])],
        capture_output=True, text=True, timeout=120)
    for missing in done.stderr.splitlines():
        print(f"extract.py: no instance of {missing}: taken to show its type", file=sys.stderr)
    if done.returncode:
        fail(f"hides.py failed with {done.returncode}")
    return {"hides_type." + name: 1 for name in done.stdout.splitlines()}


def module_states(path, values):
    """What module_states.py finds in the interpreter itself."""
    size = (["PyModuleObject.md_state_size"] if "PyModuleObject.md_state_size" in values else
            ["PyModuleObject.md_def", "PyModuleDef.m_size"])
    facts = ["PyModuleObject.md_state"] + size
    done = subprocess.run(
        [path, "-E", "-s", os.path.join(HERE, "module_states.py")] + [str(values[f]) for f in facts],
        capture_output=True, text=True, timeout=120)
    if done.returncode:
        fail(f"module_states.py failed with {done.returncode}: {done.stderr}")
    return {"module_state." + name: words
            for name, words in (line.split("\t") for line in done.stdout.splitlines())}


def is_exact(path):
    """What a person wrote into the file once tests/live/exact.py found no difference: kept."""
    try:
        with open(path, encoding="ascii") as file:
            return "exact\tyes\n" in file
    except FileNotFoundError:
        return False


def changes_inside(path):
    """{fact@NN: value}: how structs changed in later micro versions, which a person wrote into the
    file from what extract.py found for such a build (-o elsewhere, and the difference): kept, and
    with them what those facts were before."""
    try:
        with open(path, encoding="ascii") as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
    except FileNotFoundError:
        return {}
    changed = {key[:-3] for key, _ in lines if re.search(r"@\d\d$", key)}
    return {key: value for key, value in lines if re.sub(r"@\d\d$", "", key) in changed}


def write_layout(path, name, origin, version, flavour, values):
    lines = [("name", name), ("origin", origin), ("exact", "yes" if is_exact(path) else "no")]
    lines += [(key, word(key, version, flavour)) for key in sorted(WORDS) if key.startswith("dialect.")]
    lines += sorted({**values, **changes_inside(path)}.items())
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{key}\t{value}\n" for key, value in lines)


ABOUT = """
import glob, json, os, sys, sysconfig
get = sysconfig.get_config_var
with open('/proc/self/maps') as maps:
    mapped = {line.split(maxsplit=5)[5].strip() for line in maps if 'libpython3' in line}
libraries = sorted(path for path in mapped if os.path.basename(path).startswith('libpython3'))
places = [p for p in sys.path if p.endswith('lib-dynload')] + [get('DESTSHARED') or '']
print(json.dumps({
    'version': list(sys.version_info[:3]), 'micro': sys.version.split()[0],
    'binary': (libraries + [os.path.realpath(sys.executable)])[0],
    'flavour': ('t' if get('Py_GIL_DISABLED') else '') + ('d' if get('Py_DEBUG') else ''),
    'modules': sorted(m for p in set(map(os.path.realpath, places)) for m in glob.glob(p + '/*.so'))}))
"""


def about_interpreter(path):
    """What the interpreter says of itself; None if it cannot be run."""
    if re.search(r"\.so(\.|$)|\.debug$|\.o$", path) or not os.access(path, os.X_OK):
        return None
    try:
        done = subprocess.run([path, "-E", "-s", "-c", ABOUT], capture_output=True, text=True,
                              timeout=60)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def modules_beside(library):
    """lib/libpython3.12.so -> lib/python3.12/lib-dynload/*.so"""
    import glob

    return sorted(glob.glob(os.path.join(os.path.dirname(library), "python3.*/lib-dynload/*.so")))


def hex_version(number):
    return [number >> 24 & 255, number >> 16 & 255, number >> 8 & 255]


# Internal headers that define structs named in facts.txt; those that a version lacks are skipped.
INTERNAL = """asdl atexit code context dict frame gc genobject global_objects hamt hashtable interp
 list long memoryobject namespace object obmalloc pystate range runtime tuple typeobject unicodeobject
 unionobject interpframe interpframe_structs interp_structs runtime_structs""".split()


def compile_headers(include, scratch):
    source = os.path.join(scratch, "headers.c")
    compiled = os.path.join(scratch, "headers.o")
    with open(source, "w", encoding="ascii") as file:
        file.write('#include "Python.h"\n#include "structmember.h"\n#include "datetime.h"\n')
        for name in INTERNAL:
            header = f"internal/pycore_{name}.h"
            if os.path.exists(os.path.join(include, header)):
                file.write(f'#include "{header}"\n')
    subprocess.run(
        ["gcc", "-g", "-O0", "-w", "-fno-eliminate-unused-debug-types", "-DPy_BUILD_CORE=1",
         "-I" + include, "-I" + include + "/internal", "-I" + include + "/internal/mimalloc",
         "-c", source, "-o", compiled], check=True)
    return compiled


def parse_arguments():
    import argparse

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary", nargs="?", metavar="INTERPRETER",
                        help="executable, libpython, or the detached debug file of one")
    parser.add_argument("--root", metavar="DIRECTORY", default="",
                        help="in which INTERPRETER finds itself (fixtures/interpreters.sh)")
    parser.add_argument("--headers", metavar="DIRECTORY", help="the directory of Python.h")
    parser.add_argument("--module", action="append", metavar="FILE",
                        help="an extension module (again for more); default: all that are beside")
    parser.add_argument("--version", help="3.12.1, where it cannot be found out")
    parser.add_argument("--flavour", help="t, d or td", default=None)
    parser.add_argument("--also", action="append", default=[], metavar="INTERPRETER",
                        help="of the same minor: measure there too what this one has no module for")
    parser.add_argument("--origin", help='default: "3.12.1 shared, x86-64"')
    parser.add_argument("--facts", default=os.path.join(HERE, "facts.txt"))
    parser.add_argument("-o", "--output", help="default: <name>.tsv beside this file")
    arguments = parser.parse_args()
    if bool(arguments.binary) == bool(arguments.headers):
        parser.error("give an interpreter, or --headers")
    return arguments


def main():
    arguments = parse_arguments()
    for path in filter(None, [arguments.binary, arguments.headers] + (arguments.module or [])):
        if not os.path.exists(path):
            fail(f"there is no {path}")
    facts = read_facts(arguments.facts)
    with tempfile.TemporaryDirectory() as scratch:
        about = None
        if arguments.headers:
            binary = compile_headers(os.path.abspath(arguments.headers), scratch)
            modules, kind = [], "headers"
        else:
            about = about_interpreter(arguments.binary)
            root = arguments.root
            binary = root + about["binary"] if about else os.path.realpath(arguments.binary)
            modules = ([root + path for path in about["modules"]] if about
                       else modules_beside(binary))
            kind = "shared" if ".so" in os.path.basename(binary) else "static"
        modules = arguments.module or modules
        structs, number = ask_gdb([binary] + modules, facts, arguments.root)
    if not structs["PyTypeObject"]:
        fail(f"{binary} has no debug information (install its -dbg package, or give the .debug file)")

    if arguments.version:
        micro = arguments.version
        version = [int(part) for part in re.findall(r"\d+", micro)[:3]]
    elif about:
        micro, version = about["micro"], about["version"]
    elif number:
        version = hex_version(number)
        micro = ".".join(map(str, version))
    else:
        fail("which version is it? give --version 3.12.1")
    version = tuple(version)
    flavour = arguments.flavour if arguments.flavour is not None else (about or {}).get("flavour", "")

    name = f"{version[0]}.{version[1]}{flavour}"
    origin = arguments.origin or f"{micro} {kind}, x86-64"
    output = arguments.output or os.path.join(HERE, name + ".tsv")
    values = values_of(facts, structs, binary, version, flavour)
    measured = {}
    if about:
        for path in arguments.also + [arguments.binary]:
            measured |= hiding_types(path, values) | module_states(path, values)
    else:
        print("extract.py: cannot be run, so no `hides_type` and `module_state` lines", file=sys.stderr)
    write_layout(output, name, origin, version, flavour, values | measured)
    print(f"{output}: {len(values)} of {len(facts)} facts, {1 + len(modules)} files", file=sys.stderr)


if REQUEST in os.environ:
    inside_gdb()
elif __name__ == "__main__":
    main()
