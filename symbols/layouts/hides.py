"""Prints the collectable C types, made at run time, whose tp_traverse does not visit the type.

An instance of such a type owns a reference to it. Most traversals show that to the collector since
3.9, module by module, but not all; no table in the binary says which. (A class made in Python shows
its type, unless its traversal ends in that of a C heap type: then that one's word counts, from 3.9.) So extract.py runs this in
the interpreter whose layout it writes: it makes an instance of as many types as it can, and asks
gc.get_referents. Types without an instance are named on stderr.

    python3 hides.py OFFSET_OF_tp_traverse
"""

import ctypes
import gc
import importlib
import os
import sys
import warnings

HEAPTYPE, HAVE_GC = 1 << 9, 1 << 14

MODULES = """
_abc _ast _asyncio _bisect _blake2 _bz2 _codecs_jp _collections _contextvars _csv _ctypes _curses
_curses_panel _datetime _dbm _decimal _elementtree _functools _gdbm _hashlib _heapq _interpchannels
_interpqueues _interpreters _io _json _lsprof _lzma _md5 _multibytecodec _multiprocessing _opcode
_operator _pickle _posixshmem _queue _random _sha1 _sha2 _sha256 _sha3 _sha512 _socket _sqlite3 _sre
_ssl _string _struct _symtable _thread _tkinter _tokenize _typing _uuid _weakref 
_xxinterpchannels _xxsubinterpreters _zoneinfo array asyncio atexit audioop binascii bz2 codecs
collections concurrent.futures contextvars csv ctypes curses curses.panel datetime dbm decimal email
enum fcntl fractions functools gzip hashlib hmac html http.client inspect io itertools json lzma math
mmap multiprocessing operator ossaudiodev parser pickle posix pyexpat queue pwd grp ast random re select signal socket
sqlite3 ssl string struct subprocess sys tempfile threading time tkinter tokenize typing unicodedata
urllib.request uuid weakref xml.etree.ElementTree xml.parsers.expat zipfile zlib zoneinfo
""".split()

# One instance each, by an expression; what a version does not have is skipped.
INSTANCES = """
_abc._abc_data() | type('A', (), {})
array.array('i', [1]) | iter(array.array('i', [1]))
asyncio.Future(loop=LOOP) | iter(asyncio.Future(loop=LOOP)) | asyncio.Task(CORO(), loop=LOOP)
bz2.BZ2Compressor() | bz2.BZ2Decompressor() | lzma.LZMACompressor() | lzma.LZMADecompressor()
_codecs_jp.getcodec('sjis') | codecs.getincrementalencoder('sjis')() | codecs.getincrementaldecoder('sjis')()
codecs.getreader('sjis')(io.BytesIO()) | codecs.getwriter('sjis')(io.BytesIO())
collections.deque([1]) | iter(collections.deque([1])) | reversed(collections.deque([1]))
collections.defaultdict(int) | collections.OrderedDict(a=1) | iter(collections.OrderedDict(a=1))
collections.namedtuple('P', 'x').__dict__['x']
contextvars.copy_context() | contextvars.ContextVar('v') | contextvars.ContextVar('v').set(1)
csv.reader(['a']) | csv.writer(io.StringIO()) | _csv.Dialect()
ctypes.c_int(1) | (ctypes.c_int * 2)() | ctypes.pointer(ctypes.c_int(1)) | ctypes.CFUNCTYPE(None)(lambda: None)
ctypes.byref(ctypes.c_int(1)) | STRUCT() | STRUCT.a | UNION() | ctypes.py_object(1) | ctypes.CDLL(None).strlen
ctypes.CFUNCTYPE(None)(lambda: None)._objects.popitem()[1] | ctypes.c_int | STRUCT | UNION | ctypes.c_int * 3
ctypes.POINTER(ctypes.c_int) | ctypes.CFUNCTYPE(None)
datetime.date.today() | datetime.timezone.utc | datetime.date.today().isocalendar()
decimal.Decimal(1) | decimal.getcontext() | decimal.localcontext() | decimal.getcontext().flags
xml.etree.ElementTree.Element('a') | xml.etree.ElementTree.TreeBuilder() | xml.etree.ElementTree.XMLParser()
xml.etree.ElementTree.Element('a').iter() | xml.parsers.expat.ParserCreate()
functools.partial(len) | functools.lru_cache(len) | CACHED | functools.cmp_to_key(len) | functools.cmp_to_key(len)(1)
hashlib.sha256() | hashlib.md5() | hashlib.sha3_256() | hashlib.shake_128() | hashlib.blake2b() | hashlib.blake2s()
_md5.md5() | _sha1.sha1() | _sha2.sha256() | _sha2.sha512() | _sha256.sha256() | _sha512.sha512()
_hashlib.new('md5') | _hashlib.hmac_new(b'k', b'm', 'sha256') | _hashlib.openssl_shake_128()
io.BytesIO() | io.BytesIO().getbuffer() | io.StringIO() | open(os.devnull) | open(os.devnull, 'rb')
open(os.devnull, 'wb') | open(os.devnull, 'wb', 0) | open('/tmp', opener=lambda *a: 0) | io.IncrementalNewlineDecoder(None, False)
io.BufferedRWPair(io.BytesIO(), io.BytesIO()) | io.BufferedRandom(io.BytesIO()) | io.BytesIO().getbuffer().obj
itertools.accumulate([1]) | itertools.batched([1], 1) | itertools.chain([1]) | itertools.combinations([1], 1)
itertools.combinations_with_replacement([1], 1) | itertools.compress([1], [1]) | itertools.count() | itertools.cycle([1])
itertools.dropwhile(len, [1]) | itertools.filterfalse(len, [1]) | itertools.groupby([1]) | next(itertools.groupby([1]))[1]
itertools.islice([1], 1) | itertools.pairwise([1]) | itertools.permutations([1]) | itertools.product([1])
itertools.repeat(1) | itertools.starmap(len, [1]) | itertools.takewhile(len, [1]) | itertools.tee([1])[0]
itertools.tee([1])[0].__reduce__()[1][0] | itertools.zip_longest([1])
json.decoder.scanner.c_make_scanner(json.JSONDecoder()) | json.encoder.c_make_encoder(None, len, len, None, ':', ',', 0, 0, 0)
_lsprof.Profiler() | mmap.mmap(-1, 4096) | multiprocessing.get_context().Semaphore()._semlock
operator.attrgetter('a') | operator.itemgetter(1) | operator.methodcaller('a') | operator.methodcaller('a', 1)
pickle.Pickler(io.BytesIO()) | pickle.Unpickler(io.BytesIO()) | pickle.Pickler(io.BytesIO()).memo
pickle.Unpickler(io.BytesIO()).memo | pickle.PickleBuffer(b'a') | PDATA
next(os.scandir('/')) | os.scandir('/') | os.stat('/') | os.terminal_size((1, 2)) | os.sched_param(1) | os.times()
queue.SimpleQueue() | random.Random(1) | _random.Random() | re.compile('a') | re.match('a', 'a') | re.compile('a').scanner('a')
re.compile('a')._compile_template('b') | _sre.template(re.compile('a'), ['a']) | select.epoll() | select.poll()
socket.socket() | ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) | ssl.MemoryBIO() | SSL | ssl.RAND_bytes
sqlite3.connect(':memory:') | sqlite3.connect(':memory:').cursor() | ROW | STATEMENT | BLOB | PREPARE
struct.Struct('i') | struct.iter_unpack('i', b'abcd') | sys.flags | sys.version_info | time.gmtime()
threading.local() | threading.Lock() | threading.RLock() | _thread._local() | _thread._make_thread_handle()
LOCAL.__dict__ | _thread._ThreadHandle() | _tokenize.TokenizerIter('a') | _tokenize.TokenizerIter(iter(['a']).__next__, extra_tokens=False)
typing.TypeVar('T') | typing.ParamSpec('P') | typing.ParamSpec('P').args | typing.ParamSpec('P').kwargs | typing.TypeVarTuple('Ts')
GENERIC | ALIAS | unicodedata.ucd_3_2_0 | weakref.ref(LOOP) | weakref.proxy(LOOP) | _ast.Name() | _ast.Load()
zlib.compressobj() | zlib.decompressobj() | zlib._ZlibDecompressor() | zoneinfo.ZoneInfo('UTC') | ZONE
_interpchannels.create() | _interpqueues.create(1, 0) | _tkinter.create() | curses.initscr | _dbm.open | _gdbm.open
_csv.Error() | ssl.SSLError() | ssl.SSLWantReadError() | ssl.SSLCertVerificationError() | sqlite3.PrepareProtocol()
_ssl._SSLContext(ssl.PROTOCOL_TLS_CLIENT) | ast.AST() | _hashlib.UnsupportedDigestmodError() | binascii.Error() | zlib.error()
lzma.LZMAError() | pickle.PickleError() | sqlite3.Error() | _thread._ExceptHookArgs([1, 2, 3, 4]) | os.statvfs('/') | os.uname()
os.waitid_result(range(5)) | signal.struct_siginfo(range(7)) | grp.struct_group(range(4)) | pwd.struct_passwd(range(7))
_lsprof.profiler_entry(range(6)) | _lsprof.profiler_subentry(range(5)) | hashlib.sha224() | hashlib.sha384() | _sha2.sha224()
_sha2.sha384() | _sha256.sha224() | _sha512.sha384() | _socket.socket() | typing.Generic() | _io._IOBase() | _io._TextIOBase()
_io._RawIOBase() | _io._BufferedIOBase() | _interpchannels.ChannelInfo(range(8)) | parser.expr('1')
_uuid.UUID | asyncio.get_running_loop | _asyncio.Future(loop=LOOP) | _asyncio.Task(CORO(), loop=LOOP)
(x for x in ()) | CORO() | AGEN() | AGEN().asend(None) | AGEN().athrow(ValueError) | slice(1) | range(1) | iter(range(1))
"""

SETUP = """
import warnings; warnings.simplefilter('ignore')
async def CORO(): pass
async def AGEN(): yield
LOOP = asyncio.new_event_loop()
class STRUCT(ctypes.Structure): _fields_ = [('a', ctypes.c_int)]
class UNION(ctypes.Union): _fields_ = [('a', ctypes.c_int)]
CACHED = functools.lru_cache(maxsize=8)(lambda x: x); CACHED(1)
LOCAL = threading.local(); LOCAL.a = 1
""", """
DB = sqlite3.connect(':memory:'); DB.row_factory = sqlite3.Row
CURSOR = DB.execute('select 1 as a'); ROW = CURSOR.fetchone()
DB.execute('create table t(b blob)'); DB.execute("insert into t values (x'00')")
STATEMENT = DB('select 2')
""", """
BLOB = DB.blobopen('t', 'b', 1)
""", """
SSL = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); SSL.check_hostname = False
SSL = SSL.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())._sslobj
""", """
ZONE = zoneinfo.ZoneInfo('Europe/Berlin')
""", """
exec('class GENERIC[T]: pass'); exec('type ALIAS[T] = list[T]')
"""


def quietly(function, *arguments):
    try:
        return function(*arguments)
    except BaseException:  # some raise SystemExit, or an error class of their own
        return None


def make_instances():
    names = {"os": os, "io": __import__("io")}
    for module in MODULES:
        if quietly(importlib.import_module, module):
            top = module.partition(".")[0]
            names[top] = sys.modules[top]
    for part in SETUP:
        quietly(exec, part, names)
    texts = [text.strip() for line in INSTANCES.splitlines() for text in line.split("|")]
    return names, [quietly(eval, text, names) for text in texts if text]


def all_types():
    found, todo = {object}, [object]
    while todo:
        for type_ in type.__subclasses__(todo.pop()):
            if type_ not in found:
                found.add(type_)
                todo.append(type_)
    return found


def main():
    warnings.simplefilter("ignore")
    offset = int(sys.argv[1])
    kept = make_instances()

    class Plain:
        pass

    def traverse(type_):
        return ctypes.c_void_p.from_address(id(type_) + offset).value

    def in_question(type_):
        collectable = type_.__flags__ & HEAPTYPE and type_.__flags__ & HAVE_GC
        return collectable and traverse(type_) not in (traverse(Plain), None)

    def traversed_as(type_):
        """The first base with a traversal of its own; a class made in Python has none."""
        while type_ and traverse(type_) == traverse(Plain):
            type_ = type_.__base__
        return type_

    types = {type_ for type_ in all_types() if in_question(type_)}
    shows, hides = set(), set()  # by their own instances
    subclass_hides = {}  # base: whether an instance of a subclass hides its type
    todo = gc.get_objects() + [kept]
    known = set(map(id, todo))
    while todo:
        thing = todo.pop()
        type_ = type(thing)
        referents = gc.get_referents(thing)
        visited = any(referent is type_ for referent in referents)
        if type_ in types:
            (shows if visited else hides).add(type_)
        elif traversed_as(type_) in types:
            subclass_hides[traversed_as(type_)] = not visited
        for referent in referents:
            if id(referent) not in known:
                known.add(id(referent))
                todo.append(referent)
    hides -= shows
    unseen = types - shows - hides
    hides |= {type_ for type_ in unseen if subclass_hides.get(type_)}

    def name(type_):
        module = type_.__module__
        return type_.__qualname__ if module == "builtins" else f"{module}.{type_.__qualname__}"

    for text in sorted(map(name, hides)):
        print(text)
    for text in sorted(map(name, unseen - set(subclass_hides))):
        print(text, file=sys.stderr)
    sys.stdout.flush()
    os._exit(0)  # not all of these like to be finalised


if __name__ == "__main__":
    main()
