#include "inspector/snapshot/snapshot.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "inspector/graph/edge.h"
#include "inspector/snapshot/archive.h"
#include "symbols/descriptor.h"

namespace heapglass {
namespace {

// A file that is in memory only.
class File {
 public:
  File() : fd_(::memfd_create("snapshot", MFD_CLOEXEC)) { REQUIRE(fd_); }

  std::string name() const { return "/proc/self/fd/" + std::to_string(fd()); }
  int fd() const { return fd_.get(); }
  std::string bytes() const {
    std::string all(static_cast<std::size_t>(::lseek(fd(), 0, SEEK_END)), '\0');
    REQUIRE(::pread(fd(), all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    return all;
  }
  void put(const std::string& bytes) const {
    REQUIRE(::ftruncate(fd(), 0) == 0);
    REQUIRE(::pwrite(fd(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  }

 private:
  Descriptor fd_;
};

constexpr std::uint64_t kLarge = std::uint64_t{9} << 32;

// Two objects in pools, one elsewhere: a dict of 36 GB that refers to a str by its key "a".
Inspection small_inspection() {
  Inspection inspection;
  inspection.target = {.pid = 42, .exe = "/usr/bin/python3.11", .python_version = "3.11.2"};
  inspection.process.command = "python3.11 app.py";
  inspection.acquisition.pause_ms = 1.5;
  inspection.acquisition.faults[2] = 7;
  inspection.acquisition.references_percent = 99.5;
  inspection.pools = PoolFacts{.arena_bytes = 1024};
  HeapGraph& graph = inspection.graph;
  inspection.collectors.emplace_back().generations[2].collections = 12;
  graph.types = {{0x10, "dict", "builtins"}, {0x20, "str", "builtins", Finalizer::python, true}};
  graph.pooled = 2;
  graph.address = {0x5000, 0x6000, 0x1000};
  graph.type = {TypeId{1}, TypeId{1}, TypeId{0}};
  graph.bytes = {50, 51, kLarge};
  graph.footprint = {64, 64, kLarge + 16};
  graph.refcount = {1, 2, 3};
  graph.flags = {0, HeapGraph::kImmortal, HeapGraph::kTracked};
  graph.reference_begin = {0, 0, 0, 2};
  graph.reference_to = {ObjectId{0}, ObjectId{1}};
  graph.names = {".a"};
  graph.edge = {edge_code(ReferenceKind::owned, LabelKind::key, 0),
                edge_code(ReferenceKind::collector, LabelKind::attribute, 0)};
  graph.root_names = {"app"};
  graph.roots = {{ObjectId{2}, 0, RootKind::module, RootHold::borrowed}};
  inspection.weak_entries = {{ObjectId{0}, ObjectId{2}}};
  Columns& columns = inspection.columns;
  columns.extent.add(ObjectId{2}, {5, 8});
  columns.content_hash.add(ObjectId{0}, 77);
  columns.content_hash.add(ObjectId{1}, 77);
  columns.fd.add(ObjectId{2}, -1);
  columns.lru.add(ObjectId{2}, {1, 2, LruCache::kUnbounded, 4});
  columns.lock.add(ObjectId{1}, {true, true, 9, 2});
  columns.future.add(ObjectId{1}, FutureState::finished);
  return inspection;
}

void check_equal(const Inspection& a, const Inspection& b) {
  CHECK(a.target.pid == b.target.pid);
  CHECK(a.target.python_version == b.target.python_version);
  CHECK(a.process.command == b.process.command);
  CHECK(a.acquisition.pause_ms == b.acquisition.pause_ms);
  CHECK(a.acquisition.faults == b.acquisition.faults);
  CHECK(a.acquisition.references_percent == b.acquisition.references_percent);
  CHECK(a.acquisition.pool_percent == b.acquisition.pool_percent);
  REQUIRE(b.pools);
  CHECK(a.pools->arena_bytes == b.pools->arena_bytes);
  REQUIRE(b.collectors.size() == 1);
  CHECK(b.collectors[0].generations[2].collections == 12);
  const HeapGraph &g = a.graph, &h = b.graph;
  REQUIRE(g.types.size() == h.types.size());
  for (std::size_t i = 0; i < g.types.size(); ++i) {
    CHECK(g.types[i].name == h.types[i].name);
    CHECK(g.types[i].finalizer == h.types[i].finalizer);
    CHECK(g.types[i].is_class == h.types[i].is_class);
  }
  REQUIRE(g.size() == h.size());
  for (std::size_t i = 0; i < g.size(); ++i) {
    CHECK(g.bytes[i] == h.bytes[i]);
    CHECK(g.footprint[i] == h.footprint[i]);
  }
  CHECK(g.pooled == h.pooled);
  CHECK(g.address == h.address);
  CHECK(g.type == h.type);
  CHECK(g.refcount == h.refcount);
  CHECK(g.flags == h.flags);
  CHECK(g.reference_begin == h.reference_begin);
  CHECK(g.reference_to == h.reference_to);
  CHECK(g.edge == h.edge);
  CHECK(g.names == h.names);
  CHECK(g.root_names == h.root_names);
  REQUIRE(b.weak_entries.size() == 1);
  CHECK(b.weak_entries[0].object == ObjectId{2});
  const Columns& columns = b.columns;
  REQUIRE(columns.extent.of(ObjectId{2}));
  CHECK(columns.extent.of(ObjectId{2})->capacity == 8);
  REQUIRE(columns.content_hash.values.size() == 2);
  CHECK(columns.content_hash.values[0] == columns.content_hash.values[1]);
  CHECK(columns.content_hash.values[0] != 77);  // not to be tried against
  REQUIRE(columns.fd.of(ObjectId{2}));
  CHECK(*columns.fd.of(ObjectId{2}) == -1);
  REQUIRE(columns.lru.of(ObjectId{2}));
  CHECK(columns.lru.of(ObjectId{2})->maxsize == LruCache::kUnbounded);
  CHECK(columns.lru.of(ObjectId{2})->length == 4);
  REQUIRE(columns.lock.of(ObjectId{1}));
  CHECK(columns.lock.of(ObjectId{1})->reentrant);
  CHECK(columns.lock.of(ObjectId{1})->owner == 9);
  CHECK(columns.line.objects.empty());
  REQUIRE(columns.future.of(ObjectId{1}));
  REQUIRE(h.roots.size() == 1);
  CHECK(h.roots[0].to == g.roots[0].to);
  CHECK(h.roots[0].hold == g.roots[0].hold);
}

TEST_CASE("what is written is read again, stored or compressed") {
  for (const bool compress : {false, true}) {
    const File file;
    const Inspection written = small_inspection();
    write_snapshot(file.fd(), written, compress, {});
    CHECK(looks_like_snapshot(file.name()));
    const Inspection read = read_snapshot(file.name(), {});
    check_equal(written, read);
    CHECK(read.acquisition.mode == Mode::snapshot);
  }
}

TEST_CASE("a snapshot cut anywhere is refused") {
  const File file;
  write_snapshot(file.fd(), small_inspection(), false, {});
  const std::string whole = file.bytes();
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    file.put(whole.substr(0, size));
    CHECK_THROWS_AS(read_snapshot(file.name(), {}), Failure);
  }
}

TEST_CASE("a snapshot with any byte changed is refused, or says the same") {
  const File file;
  const Inspection inspection = small_inspection();
  write_snapshot(file.fd(), inspection, false, {});
  const std::string whole = file.bytes();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    file.put(damaged);
    try {
      const Inspection read = read_snapshot(file.name(), {});
      CHECK(read.graph.address == inspection.graph.address);  // times, versions: not ours
      CHECK(read.graph.reference_to == inspection.graph.reference_to);
    } catch (const Failure&) {
      ++refused;
    }
  }
  CHECK(refused > whole.size() / 2);
}

TEST_CASE("a graph that does not fit together is refused, with good checksums") {
  const auto refused = [](auto damage) {
    const File file;
    Inspection inspection = small_inspection();
    damage(inspection.graph);
    write_snapshot(file.fd(), inspection, false, {});
    CHECK_THROWS_AS(read_snapshot(file.name(), {}), Failure);
  };
  refused([](HeapGraph& graph) { graph.reference_to[0] = ObjectId{3}; });
  refused([](HeapGraph& graph) { graph.type[0] = TypeId{2}; });
  refused([](HeapGraph& graph) { graph.reference_begin[1] = 3; });
  refused([](HeapGraph& graph) { graph.reference_begin[3] = 1; });
  refused([](HeapGraph& graph) { graph.address[1] = 0x5000; });
  refused([](HeapGraph& graph) { graph.pooled = 4; });
  refused([](HeapGraph& graph) { graph.flags.pop_back(); });
  refused([](HeapGraph& graph) { graph.edge.pop_back(); });
  refused([](HeapGraph& graph) { graph.names.clear(); });
  refused([](HeapGraph& graph) { graph.roots[0].to = ObjectId{3}; });
  refused([](HeapGraph& graph) { graph.roots[0].name = 1; });
  refused([](HeapGraph& graph) { graph.roots[0].kind = RootKind{9}; });
}

TEST_CASE("other files are none") {
  const File file;
  CHECK_FALSE(looks_like_snapshot(file.name()));
  CHECK_FALSE(looks_like_snapshot("/nowhere"));
  file.put("PK\x03\x04 and so on");
  CHECK_THROWS_AS(read_snapshot(file.name(), {}), Failure);
  CHECK_THROWS_AS(read_snapshot("/dev/null", {}), Failure);
}

}  // namespace
}  // namespace heapglass
