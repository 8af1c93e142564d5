#include "inspector/python/columns.h"

#include <array>
#include <limits>
#include <optional>
#include <span>

#include "inspector/python/bytes.h"
#include "inspector/python/code_lines.h"
#include "inspector/python/dict_keys.h"
#include "inspector/python/size.h"
#include "inspector/python/text.h"
#include "inspector/workers.h"

namespace heapglass {

namespace {

// Which column an object of a type goes into, and how it is read.
enum class Source : std::uint8_t {
  none,
  list,
  dict,
  set,
  deque,
  bytearray,
  array,
  str,
  bytes,
  descriptor,
  lru_cache,
  frame,
  generator,
  traceback,
  lock,
  rlock,
  future
};

struct Reading {
  Source source = Source::none;
  Fact field = Fact::count;  // of descriptor, future, lock: where it stands
};

// Types without a shape of their own, of the struct that has the fields.
struct NamedSource {
  std::string_view type;
  Fact size;
  Source source;
  Fact field = Fact::count;
};
constexpr std::array kNamed{
    NamedSource{"traceback", Fact::sizeof_PyTracebackObject, Source::traceback},
    NamedSource{"_socket.socket", Fact::sizeof_PySocketSockObject, Source::descriptor,
                Fact::PySocketSockObject_sock_fd},
    NamedSource{"_io.FileIO", Fact::sizeof_fileio, Source::descriptor, Fact::fileio_fd},
    NamedSource{"select.epoll", Fact::sizeof_pyEpoll_Object, Source::descriptor,
                Fact::pyEpoll_Object_epfd},
    NamedSource{"mmap.mmap", Fact::sizeof_mmap_object, Source::descriptor, Fact::mmap_object_fd},
    NamedSource{"_thread.lock", Fact::sizeof_lockobject, Source::lock, Fact::lockobject_lock},
    NamedSource{"_thread.RLock", Fact::sizeof_rlockobject, Source::rlock,
                Fact::rlockobject_lock_thread},
    NamedSource{"_asyncio.Future", Fact::sizeof_FutureObj, Source::future,
                Fact::FutureObj_fut_state},
    NamedSource{"_asyncio.Task", Fact::sizeof_TaskObj, Source::future, Fact::TaskObj_task_state},
};

Source source_of(Shape shape) {
  switch (shape) {
    case Shape::list:
      return Source::list;
    case Shape::dict:
    case Shape::odict:
    case Shape::ctypes_dict:
      return Source::dict;
    case Shape::set:
      return Source::set;
    case Shape::deque:
      return Source::deque;
    case Shape::bytearray:
      return Source::bytearray;
    case Shape::array:
      return Source::array;
    case Shape::str:
      return Source::str;
    case Shape::lru_cache:
      return Source::lru_cache;
    case Shape::frame:
      return Source::frame;
    case Shape::generator:
    case Shape::coroutine:
    case Shape::async_generator:
      return Source::generator;
    default:
      return Source::none;
  }
}

unsigned columns_of(Source source) {
  switch (source) {
    case Source::none:
      break;
    case Source::list:
    case Source::dict:
    case Source::set:
    case Source::deque:
    case Source::bytearray:
    case Source::array:
      return kExtents;
    case Source::str:
    case Source::bytes:
      return kExtents | kContentHashes;
    case Source::descriptor:
      return kDescriptors;
    case Source::lru_cache:
      return kCaches;
    case Source::frame:
    case Source::generator:
    case Source::traceback:
      return kLines;
    case Source::lock:
    case Source::rlock:
      return kLocks;
    case Source::future:
      return kFutures;
  }
  return kNoColumns;
}

Reading reading_of(const TypeInfo& type, const Layout& layout) {
  if (const Source source = source_of(type.shape); source != Source::none) return {source};
  const TypeInfo& made_in_c = type.traverses != nullptr ? *type.traverses : type;
  if (made_in_c.name == "bytes") return {Source::bytes};
  for (const NamedSource& named : kNamed) {
    if (made_in_c.name == named.type && layout.has(named.size) &&
        made_in_c.basicsize == layout[named.size] &&
        (named.field == Fact::count || layout.has(named.field))) {
      return {named.source, named.field};
    }
  }
  return {};
}

// A multiplication folds 8 bytes at a time into the state (wyhash's mix, by Wang Yi).
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_of(std::span<const std::byte> bytes, std::uint64_t seed) {
  constexpr std::uint64_t kFirst = 0xa0761d6478bd642f, kSecond = 0xe7037ed1a0b428db;
  std::uint64_t state = mix(seed ^ kFirst, bytes.size() ^ kSecond);
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
    const auto word = load<std::uint64_t>(bytes.data(), static_cast<std::int64_t>(at));
    state = mix(state ^ word ^ kFirst, (state >> 32 | state << 32) ^ kSecond);
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  return mix(state ^ rest ^ kSecond, state ^ kFirst);
}

// Reads one range of objects into columns of its own.
class Reader {
 public:
  Reader(const Decoders& decoders, unsigned wanted, Columns& columns)
      : decoders_(decoders), layout_(decoders.layout), wanted_(wanted), columns_(columns) {}

  void read(ObjectId id, const Object& object, const Reading& reading) {
    switch (reading.source) {
      case Source::none:
        return;
      case Source::list:
        return put(id, load<std::uint64_t>(object.body, layout_[Fact::PyVarObject_ob_size]),
                   load<std::uint64_t>(object.body, layout_[Fact::PyListObject_allocated]),
                   load_pointer(object.body, layout_[Fact::PyListObject_ob_item]), sizeof(Address));
      case Source::dict:
        return dict(id, object);
      case Source::set:
        return set(id, object);
      case Source::deque:
        return deque(id, object);
      case Source::bytearray:
        return put(id, load<std::uint64_t>(object.body, layout_[Fact::PyVarObject_ob_size]),
                   load<std::uint64_t>(object.body, layout_[Fact::PyByteArrayObject_ob_alloc]),
                   load_pointer(object.body, layout_[Fact::PyByteArrayObject_ob_bytes]), 1);
      case Source::array:
        return put(id, load<std::uint64_t>(object.body, layout_[Fact::PyVarObject_ob_size]),
                   load<std::uint64_t>(object.body, layout_[Fact::arrayobject_allocated]),
                   load_pointer(object.body, layout_[Fact::arrayobject_ob_item]), 1);
      case Source::str:
        return str(id, object);
      case Source::bytes:
        return contents(id, object.address + fact(Fact::PyBytesObject_ob_sval),
                        load<std::uint64_t>(object.body, layout_[Fact::PyVarObject_ob_size]), 0);
      case Source::descriptor:
        return columns_.fd.add(id, load<std::int32_t>(object.body, layout_[reading.field]));
      case Source::lru_cache:
        return lru_cache(id, object);
      case Source::frame:
        return line(id, frame_line(object, decoders_, lines_));
      case Source::generator:
        return line(id, generator_line(object, decoders_, lines_));
      case Source::traceback:
        return line(id, traceback_line(object, decoders_, lines_));
      case Source::lock: {
        // A flag, or a PyMutex, whose second bit says that somebody waits.
        const auto bits = load<std::uint8_t>(object.body, layout_[Fact::lockobject_lock]);
        return columns_.lock.add(id, {.locked = (bits & 1) != 0});
      }
      case Source::rlock: {
        auto count = load<std::uint64_t>(object.body, layout_[Fact::rlockobject_lock_level]);
        const auto owner = load<std::uint64_t>(object.body, layout_[Fact::rlockobject_lock_thread]);
        if (layout_.has(Fact::rlockobject_lock_mutex)) {  // 3.14+: how often beyond the first time
          const auto bits = load<std::uint8_t>(object.body, layout_[Fact::rlockobject_lock_mutex]);
          count = (bits & 1) != 0 ? count + 1 : 0;
        }
        // What stands there when nobody holds it is who held it last.
        return columns_.lock.add(id, {count != 0, true, count != 0 ? owner : 0, count});
      }
      case Source::future: {
        const auto state = load<std::uint32_t>(object.body, layout_[reading.field]);
        if (state > static_cast<std::uint32_t>(FutureState::finished)) return;
        return columns_.future.add(id, static_cast<FutureState>(state));
      }
    }
  }

 private:
  std::uint64_t fact(Fact which) const { return static_cast<std::uint64_t>(layout_[which]); }

  // Of a container whose items stand in a block: `item` bytes each at least.
  void put(ObjectId id, std::uint64_t length, std::uint64_t capacity, Address block,
           std::uint64_t item) {
    if (length > capacity) return;
    if (capacity != 0 && capacity > decoders_.mirror.room(block) / item) return;
    columns_.extent.add(id, {length, capacity});
  }

  std::optional<Extent> dict_extent(Address address) {
    const std::byte* body =
        decoders_.mirror.at(address, static_cast<std::size_t>(fact(Fact::sizeof_PyDictObject)));
    if (body == nullptr) return std::nullopt;
    const auto keys = read_dict_keys(load_pointer(body, layout_[Fact::PyDictObject_ma_keys]),
                                     layout_, decoders_.mirror);
    const auto used = load<std::uint64_t>(body, layout_[Fact::PyDictObject_ma_used]);
    if (!keys || used > keys->entry_count) return std::nullopt;
    return Extent{used, keys->usable + keys->entry_count};
  }

  void dict(ObjectId id, const Object& object) {
    if (const auto extent = dict_extent(object.address)) columns_.extent.add(id, *extent);
  }

  void set(ObjectId id, const Object& object) {
    const auto mask = load<std::uint64_t>(object.body, layout_[Fact::PySetObject_mask]);
    const auto used = load<std::uint64_t>(object.body, layout_[Fact::PySetObject_used]);
    if (mask == std::numeric_limits<std::uint64_t>::max()) return;
    put(id, used, mask + 1, load_pointer(object.body, layout_[Fact::PySetObject_table]),
        fact(Fact::sizeof_setentry));
  }

  void deque(ObjectId id, const Object& object) {
    const auto length = load<std::uint64_t>(object.body, layout_[Fact::PyVarObject_ob_size]);
    const auto own = library_sizeof(object, decoders_);  // knows how many blocks there can be
    if (!own) return;
    const std::uint64_t items =
        (fact(Fact::block_rightlink) - fact(Fact::block_data)) / sizeof(Address);
    const std::uint64_t capacity = own->outside / block_size(fact(Fact::sizeof_block)) * items;
    if (length <= capacity) columns_.extent.add(id, {length, capacity});
  }

  void str(ObjectId id, const Object& object) {
    const auto text = text_shape(object.address, layout_, decoders_.mirror);
    if (text && text->data != 0) contents(id, text->data, text->length * text->kind, text->kind);
  }

  void contents(ObjectId id, Address at, std::uint64_t size, std::uint64_t seed) {
    if (size > decoders_.mirror.room(at)) return;
    if (wanted_ & kExtents) columns_.extent.add(id, {size, size});
    if ((wanted_ & kContentHashes) == 0) return;
    // Not there: in pages that were not copied, having nothing but such contents.
    const std::byte* bytes = decoders_.mirror.at(at, size);
    if (bytes != nullptr) columns_.content_hash.add(id, hash_of({bytes, size}, seed));
  }

  void lru_cache(ObjectId id, const Object& object) {
    LruCache cache;
    cache.hits = load_ssize(object.body, layout_[Fact::lru_cache_object_hits]);
    cache.misses = load_ssize(object.body, layout_[Fact::lru_cache_object_misses]);
    cache.maxsize = load_ssize(object.body, layout_[Fact::lru_cache_object_maxsize]);
    const auto held = dict_extent(load_pointer(object.body, layout_[Fact::lru_cache_object_cache]));
    if (!held || cache.hits < 0 || cache.misses < 0) return;
    if (cache.maxsize < 0) cache.maxsize = LruCache::kUnbounded;
    cache.length = held->length;
    columns_.lru.add(id, cache);
  }

  void line(ObjectId id, std::optional<std::int64_t> number) {
    if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max()) return;
    columns_.line.add(id, static_cast<std::int32_t>(*number));
  }

  const Decoders& decoders_;
  const Layout& layout_;
  unsigned wanted_;
  Columns& columns_;
  LineBudget lines_;
};

}  // namespace

Columns read_columns(const HeapGraph& graph, const Decoders& decoders, unsigned wanted,
                     const Run& run) {
  constexpr std::size_t kObjectsATask = 1 << 16;
  Decoders quiet = decoders;
  quiet.acquisition = nullptr;
  std::vector<const TypeInfo*> types;
  std::vector<Reading> readings;
  for (const TypeRecord& record : graph.types) {
    const TypeInfo* type = quiet.types.resolve(record.address);
    types.push_back(type);
    const Reading reading = type == nullptr ? Reading{} : reading_of(*type, decoders.layout);
    readings.push_back(columns_of(reading.source) & wanted ? reading : Reading{});
  }
  const std::size_t tasks = (graph.size() + kObjectsATask - 1) / kObjectsATask;
  std::vector<Columns> parts(tasks);
  run_tasks(tasks, worker_count(), [&](std::size_t, std::size_t task) {
    if (run.stopping()) throw Interrupted{run.interrupted->load()};
    Reader reader(quiet, wanted, parts[task]);
    const std::size_t end = std::min(graph.size(), (task + 1) * kObjectsATask);
    for (std::size_t i = task * kObjectsATask; i < end; ++i) {
      const std::size_t type = index(graph.type[i]);
      if (readings[type].source == Source::none) continue;
      const std::byte* body = object_body(graph.address[i], *types[type], quiet);
      if (body == nullptr) continue;
      reader.read(ObjectId{static_cast<std::uint32_t>(i)},
                  Object{graph.address[i], body, types[type]}, readings[type]);
    }
  });
  Columns columns;
  for (const Columns& part : parts) columns.append(part);
  return columns;
}

}  // namespace heapglass
