#include "inspector/redact.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

#include "inspector/either_memory.h"
#include "inspector/python/bytes.h"
#include "inspector/python/collector_state.h"
#include "inspector/python/columns.h"
#include "inspector/python/finalizers.h"
#include "inspector/python/name_references.h"
#include "inspector/python/pools.h"
#include "inspector/python/roots.h"
#include "inspector/python/size.h"
#include "inspector/python/text.h"
#include "inspector/python/visit.h"
#include "inspector/python/weak_entries.h"
#include "inspector/target/page_choice.h"
#include "inspector/target/watcher.h"

namespace heapglass {

namespace {

constexpr std::size_t kWord = sizeof(Address);
constexpr std::size_t kFewBytes = 4;
constexpr std::size_t kHead = 64;       // of a table
constexpr std::size_t kMostName = 512;  // what is asked for at once and larger is no name

// How what is looked at is copied.
enum class Copying : std::uint8_t {
  structure,  // words that can be structure
  names       // up to kMostName bytes as they are, else as structure
};

// The pages made from zero.
class Kept {
 public:
  explicit Kept(Mirror& source, const std::vector<Mapping>& maps) : source_(source), maps_(maps) {
    std::vector<Mirror::Segment> segments;
    for (const Mirror::Segment& segment : source.segments()) {
      if (segment.data == nullptr || !is_writable(segment.range, maps)) continue;
      segments.push_back(Mirror::whole(segment.range));
    }
    pages_ = Mirror(std::move(segments));
  }

  bool has(Address address) const { return pages_.find(address) != nullptr; }
  void as_it_is(Address address, std::uint64_t size) {
    std::byte* to = at(address, size);
    const std::byte* from = source_.at(address, size);
    if (to == nullptr || from == nullptr) return;
    // Several threads may copy the same bytes; they are the same.
    for (std::uint64_t i = 0; i < size; ++i) {
      std::atomic_ref(to[i]).store(from[i], std::memory_order_relaxed);
    }
  }
  void structure(Address address, std::uint64_t size) {
    const Address end = (address + size) / kWord * kWord;
    for (Address word = (address + kWord - 1) / kWord * kWord; word + kWord <= end; word += kWord) {
      const std::byte* from = source_.at(word, kWord);
      if (from != nullptr && is_structure(load_pointer(from, 0))) as_it_is(word, kWord);
    }
  }
  void clear(Address address, std::uint64_t size) {
    if (std::byte* to = at(address, size)) std::memset(to, 0, size);
  }
  Mirror take() { return std::move(pages_); }

 private:
  static bool is_writable(AddressRange range, const std::vector<Mapping>& maps) {
    return std::any_of(maps.begin(), maps.end(), [&](const Mapping& mapping) {
      return mapping.range.contains(range.begin) && may_hold_objects(mapping);
    });
  }
  std::byte* at(Address address, std::uint64_t size) {
    return const_cast<std::byte*>(pages_.at(address, size));
  }
  // Eight characters are none of these: neither is a half with four, nor is such an address mapped.
  bool is_structure(std::uint64_t word) const {
    constexpr std::uint64_t kSmall = std::uint64_t{1} << 32, kSmallHalf = 1 << 24;
    if (word < kSmall || ~word < kSmall) return true;
    if (word >> 32 < kSmallHalf && (word & 0xffffffff) < kSmallHalf) return true;
    constexpr Address kTags = 7;
    const Address to = word & ~kTags;
    const auto after = std::upper_bound(
        maps_.begin(), maps_.end(), to,
        [](Address address, const Mapping& mapping) { return address < mapping.range.begin; });
    // The end of a mapping is where an arena may end.
    return after != maps_.begin() && to <= std::prev(after)->range.end;
  }

  Mirror& source_;
  const std::vector<Mapping>& maps_;
  Mirror pages_;
};

// The nearest base whose instances have contents in their body; empty: none.
std::string_view contents_of(const TypeInfo& type) {
  static constexpr std::array<std::string_view, 6> kTypes = {"str",   "bytes",   "int",
                                                             "float", "complex", "bytearray"};
  for (const TypeInfo* base = &type; base != nullptr; base = base->base) {
    const auto found = std::find(kTypes.begin(), kTypes.end(), base->name);
    if (found != kTypes.end()) return *found;
  }
  return {};
}

class Redaction {
 public:
  Redaction(Seen& seen, Memory& code, const Run& run)
      : seen_(seen),
        code_(code),
        run_(run),
        kept_(seen.view.mirror, seen.maps),
        watcher_(seen.view.mirror,
                 [this](Address address, std::size_t size) { keep(address, size); }) {
    std::vector<Mirror::Segment> segments;
    for (const Mirror::Segment& segment : seen.view.mirror.segments()) {
      segments.push_back(segment.data == nullptr ? Mirror::left_out(segment.range)
                                                 : Mirror::lazy(segment.range));
    }
    watched_ = Mirror(std::move(segments), &watcher_);
  }

  Redacted result() {
    keep_objects();
    clear_contents();
    keep_names();
    keep_lines();
    keep_pools();
    return {kept_.take(), {constant_pages_.begin(), constant_pages_.end()}};
  }

 private:
  const Layout& layout() const { return seen_.python.layout; }
  std::uint64_t size(Fact fact) const { return static_cast<std::uint64_t>(layout()[fact]); }

  void keep(Address address, std::size_t size) {
    if (!kept_.has(address)) {
      const std::lock_guard lock(constants_);
      for (Address page = address / kPage; page <= (address + size - 1) / kPage; ++page) {
        constant_pages_.insert(page * kPage);
      }
      return;
    }
    if (size <= as_it_is_ || (copying_ == Copying::names && size <= kMostName)) {
      kept_.as_it_is(address, size);
    } else {
      kept_.structure(address, size);
    }
  }

  // Heads and headers as they are, bodies of the interpreter's own kinds too; of all others what
  // can be structure.
  void keep_objects() {
    copying_ = Copying::structure;
    TypeTable types(layout(), watched_, seen_.python.runtime.type_type,
                    seen_.python.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(seen_.python, watched_, types, nullptr);
    struct Nobody {
      void take(std::span<const Reference>) {}
    } nobody;
    Sink sink(nobody);
    const HeapGraph& graph = seen_.inspection.graph;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      constexpr std::size_t kBetweenLooks = 1 << 16;
      if (i % kBetweenLooks == 0 && run_.stopping()) throw Interrupted{run_.interrupted->load()};
      as_it_is_ = kFewBytes;
      const auto object = open_object(graph.address[i], decoders);
      if (!object) continue;
      keep_head(*object);
      as_it_is_ = kHead;
      visit(*object, decoders, sink);
      size_of(*object, decoders);
    }
    as_it_is_ = kFewBytes;
    // All but those that look at contents, to compare them.
    seen_.inspection.columns = read_columns(graph, decoders, kAllColumns & ~kContentHashes, run_);
  }

  void keep_head(const Object& object) {
    kept_.as_it_is(object.address, size(Fact::sizeof_PyObject));
    const TypeInfo& type = *object.type;
    if (has_gc_head(object, layout())) {
      const std::uint64_t before =
          size(Fact::sizeof_PyGC_Head) + static_cast<std::uint64_t>(type.pre_header);
      kept_.as_it_is(object.address - before, before);
    }
    const bool own = !type.heap && type.module == "builtins" && contents_of(type).empty();
    if (own || type.is_type) {
      kept_.as_it_is(object.address,
                     static_cast<std::uint64_t>(std::max<std::int64_t>(type.basicsize, 0)));
    }
  }

  // Once more and whole, since a part of them may have looked like structure.
  void clear_contents() {
    TypeTable types(layout(), seen_.view.mirror, seen_.python.runtime.type_type,
                    seen_.python.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(seen_.python, seen_.view.mirror, types, nullptr);
    const HeapGraph& graph = seen_.inspection.graph;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      const auto object = open_object(graph.address[i], decoders);
      if (!object) continue;
      const std::string_view kind = contents_of(*object->type);
      if (kind == "str") clear_text(*object);
      if (kind == "bytes") clear_items(*object, Fact::PyBytesObject_ob_sval, 1);
      if (kind == "int") clear_items(*object, Fact::PyLongObject_long_value_ob_digit, 4);
      if (kind == "float") kept_.clear(object->address + size(Fact::sizeof_PyObject), 8);
      if (kind == "complex") kept_.clear(object->address + size(Fact::sizeof_PyObject), 16);
    }
  }

  void clear_text(const Object& object) {
    const TextState state = text_state(object.body, layout());
    const std::uint64_t head = size(!state.compact ? Fact::sizeof_PyUnicodeObject
                                    : state.ascii  ? Fact::sizeof_PyASCIIObject
                                                   : Fact::sizeof_PyCompactUnicodeObject);
    const std::uint64_t width = state.kind;
    const auto length = load<std::uint64_t>(object.body, layout()[Fact::PyASCIIObject_length]);
    const std::uint64_t room = seen_.view.mirror.room(object.address + head);
    if (state.compact && width != 0) {
      kept_.clear(object.address + head, std::min(length, room / width) * width);
    }
    kept_.as_it_is(object.address, head);
    const auto hash = static_cast<Address>(layout()[Fact::PyASCIIObject_state]) - kWord;
    kept_.clear(object.address + hash, kWord);  // between length and state
  }

  void clear_items(const Object& object, Fact first, std::uint64_t item) {
    const std::uint64_t offset = size(first);
    std::uint64_t count = 0;
    if (item != 1 && layout().has(Fact::PyLongObject_long_value_lv_tag)) {
      count = load<std::uint64_t>(object.body, layout()[Fact::PyLongObject_long_value_lv_tag]) >> 3;
    } else {
      count = magnitude(object.ob_size(layout()));
    }
    const std::uint64_t room = seen_.view.mirror.room(object.address + offset);
    // The NUL of bytes; a word of digits at least.
    count = std::min(item == 1 ? count + 1 : std::max<std::uint64_t>(2, (count + 1) / 2 * 2),
                     room / item);
    kept_.clear(object.address + offset, count * item);
  }

  // What is read beside the objects, and what is asked of them later; names as they are.
  void keep_names() {
    copying_ = Copying::names;
    Python& python = seen_.python;
    HeapGraph& graph = seen_.inspection.graph;
    EitherMemory memory(watched_, code_);
    FirstLook look = look_first(seen_.files, seen_.maps, memory);
    arenas_ = find_arenas(look.python.interpreter, look.python.runtime, layout(), memory);
    TypeTable types(layout(), watched_, python.runtime.type_type, python.runtime.subtype_traverse);
    const Decoders decoders = decoders_for(python, watched_, types, nullptr);
    for (const TypeRecord& type : graph.types) types.resolve(type.address);
    read_roots(python.runtime, decoders);
    find_finalizers(graph, decoders);
    read_collector_states(python.runtime, layout(), watched_);
    collector_running(python.runtime, watched_);
    name_references(graph, decoders, false);
    seen_.inspection.weak_entries = find_weak_entries(graph, decoders);
    for (const InterpreterState& state : python.runtime.interpreters) {
      for (const Address generation : state.generations) {
        kept_.as_it_is(generation, size(Fact::sizeof_gc_generation));
      }
      if (state.permanent != 0) kept_.as_it_is(state.permanent, size(Fact::sizeof_gc_generation));
    }
  }

  // Which line runs is told by tables of code objects.
  void keep_lines() {
    const Fact fact = layout().has(Fact::PyCodeObject_co_linetable)
                          ? Fact::PyCodeObject_co_linetable
                          : Fact::PyCodeObject_co_lnotab;
    if (!layout().has(fact)) return;
    const HeapGraph& graph = seen_.inspection.graph;
    for (std::size_t i = 0; i < graph.size(); ++i) {
      const TypeRecord& type = graph.types[index(graph.type[i])];
      if (type.name != "code" || type.module != "builtins") continue;
      const Address at = graph.address[i] + size(fact);
      const Address table = seen_.view.mirror.value<Address>(at).value_or(0);
      const auto length =
          seen_.view.mirror.value<std::uint64_t>(table + size(Fact::PyVarObject_ob_size));
      if (length) kept_.as_it_is(table + size(Fact::PyBytesObject_ob_sval), *length);
    }
  }

  // Heads of pools, and the chains of their free blocks.
  void keep_pools() {
    const std::uint64_t pool_size = size(Fact::pymalloc_POOL_SIZE);
    const std::uint64_t header = size(Fact::sizeof_pool_header);
    for (const Arena& arena : arenas_) {
      const Address first = (arena.range.begin + pool_size - 1) / pool_size * pool_size;
      for (Address pool = first; pool + pool_size <= arena.pool_address; pool += pool_size) {
        kept_.as_it_is(pool, header);
        const auto next = [&](Address at) {
          return seen_.view.mirror.value<Address>(at).value_or(0);
        };
        Address block = next(pool + size(Fact::pool_header_freeblock));
        for (std::uint64_t left = pool_size / kWord; block != 0 && left != 0; --left) {
          if (block < pool || block + kWord > pool + pool_size) break;
          kept_.structure(block, kWord);
          block = next(block);
        }
      }
    }
  }

  Seen& seen_;
  Memory& code_;
  const Run& run_;
  Kept kept_;
  Watcher watcher_;
  Mirror watched_;
  Copying copying_ = Copying::structure;
  std::size_t as_it_is_ = kFewBytes;  // what is looked at in no larger pieces is no text
  std::vector<Arena> arenas_;
  std::mutex constants_;
  std::set<Address> constant_pages_;
};

}  // namespace

Redacted redacted(Seen& seen, Memory& code, const Run& run) {
  return Redaction(seen, code, run).result();
}

}  // namespace heapglass
