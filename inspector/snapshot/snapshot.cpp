#include "inspector/snapshot/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "inspector/graph/edge.h"
#include "inspector/memory_budget.h"
#include "inspector/snapshot/archive.h"
#include "inspector/snapshot/snapshot_columns.h"
#include "inspector/snapshot/snapshot_json.h"
#include "inspector/workers.h"
#include "symbols/descriptor.h"

namespace heapglass {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kSchema = "heapglass.snapshot/1";

std::string dump(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json types_json(const HeapGraph& graph) {
  Json types = Json::array();
  for (const TypeRecord& type : graph.types) {
    types.push_back(
        Json::array({type.address, type.name, type.module, type.finalizer, type.is_class}));
  }
  return types;
}

void write_roots(const HeapGraph& graph, ArchiveWriter& archive) {
  std::vector<ObjectId> to;
  std::vector<std::uint32_t> name;
  std::vector<RootKind> kind;
  std::vector<RootHold> hold;
  std::vector<std::uint32_t> frame;
  for (const Root& root : graph.roots) {
    to.push_back(root.to);
    name.push_back(root.name);
    kind.push_back(root.kind);
    hold.push_back(root.hold);
    frame.push_back(root.frame);
  }
  archive.add_array<ObjectId>("root_to", to);
  archive.add_array<std::uint32_t>("root_name", name);
  archive.add_array<RootKind>("root_kind", kind);
  archive.add_array<RootHold>("root_hold", hold);
  archive.add_array<std::uint32_t>("root_frame", frame);
}

void read_roots(ArchiveReader& archive, HeapGraph& graph) {
  const auto to = archive.array<ObjectId>("root_to");
  const auto name = archive.array<std::uint32_t>("root_name");
  const auto kind = archive.array<RootKind>("root_kind");
  const auto hold = archive.array<RootHold>("root_hold");
  const auto frame = archive.array<std::uint32_t>("root_frame");
  if (name.size() != to.size() || kind.size() != to.size() || hold.size() != to.size() ||
      frame.size() != to.size()) {
    archive.damaged("its roots do not fit together");
  }
  graph.roots.reserve(to.size());
  for (std::size_t i = 0; i < to.size(); ++i) {
    const Root root{to[i], name[i], kind[i], hold[i], frame[i]};
    if (index(root.to) >= graph.size() || root.name >= graph.root_names.size() ||
        static_cast<std::size_t>(root.kind) >= kRootKinds || root.hold > RootHold::inferred) {
      archive.damaged("a root leads nowhere");
    }
    graph.roots.push_back(root);
  }
}

void write_texts(const HeapGraph& graph, ArchiveWriter& archive) {
  archive.add_array<ObjectId>("text_object", graph.texts.objects);
  archive.add_array<std::uint32_t>("text_name", graph.texts.values);
}

void read_texts(ArchiveReader& archive, HeapGraph& graph) {
  const auto object = archive.array<ObjectId>("text_object");
  const auto name = archive.array<std::uint32_t>("text_name");
  if (name.size() != object.size()) archive.damaged("its texts do not fit together");
  for (std::size_t i = 0; i < object.size(); ++i) {
    const bool ascends = i == 0 || object[i] > object[i - 1];
    if (!ascends || index(object[i]) >= graph.size() || name[i] >= graph.names.size()) {
      archive.damaged("a text is of no object");
    }
    graph.texts.add(object[i], name[i]);
  }
}

void write_weak_entries(const std::vector<WeakEntry>& entries, ArchiveWriter& archive) {
  std::vector<ObjectId> reference, object;
  for (const WeakEntry& entry : entries) {
    reference.push_back(entry.reference);
    object.push_back(entry.object);
  }
  archive.add_array<ObjectId>("weak_entry_reference", reference);
  archive.add_array<ObjectId>("weak_entry_object", object);
}

std::vector<WeakEntry> read_weak_entries(ArchiveReader& archive, std::size_t objects) {
  const auto reference = archive.array<ObjectId>("weak_entry_reference");
  const auto object = archive.array<ObjectId>("weak_entry_object");
  if (reference.size() != object.size()) archive.damaged("its weak entries do not fit together");
  std::vector<WeakEntry> entries;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (index(reference[i]) >= objects || index(object[i]) >= objects) {
      archive.damaged("a weak entry leads nowhere");
    }
    entries.push_back({reference[i], object[i]});
  }
  return entries;
}

// What every reader of a graph relies on.
const char* what_is_wrong(const HeapGraph& graph) {
  const std::size_t n = graph.size(), m = graph.reference_to.size();
  if (graph.type.size() != n || graph.bytes.size() != n || graph.footprint.size() != n ||
      graph.refcount.size() != n || graph.flags.size() != n ||
      graph.reference_begin.size() != n + 1 || graph.edge.size() != m || graph.pooled > n ||
      n >= std::numeric_limits<std::uint32_t>::max()) {
    return "its arrays do not fit together";
  }
  if (graph.reference_begin[0] != 0 || graph.reference_begin[n] != m) {
    return "its rows do not fit the references";
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (index(graph.type[i]) >= graph.types.size()) return "an object has no type";
    if (graph.reference_begin[i] > graph.reference_begin[i + 1]) return "its rows are no rows";
    if (i != 0 && i != graph.pooled && graph.address[i] <= graph.address[i - 1]) {
      return "its objects are in no order";
    }
  }
  for (std::size_t r = 0; r < m; ++r) {
    if (index(graph.reference_to[r]) >= n) return "a reference leads nowhere";
    const LabelKind label = edge_label(graph.edge[r]);
    const bool named = label == LabelKind::field || label == LabelKind::attribute;
    if (named && edge_index(graph.edge[r]) >= graph.names.size()) return "an edge has no name";
  }
  return nullptr;
}

SizeColumn to_sizes(const BigVector<std::uint64_t>& values) {
  SizeColumn column;
  column.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!column.put(i, values[i])) column.put_large(i, values[i]);
  }
  return column;
}

void read_graph(ArchiveReader& archive, std::size_t pooled, HeapGraph& graph) {
  for (const Json& type : Json::parse(archive.text("types.json"))) {
    TypeRecord& record = graph.types.emplace_back();
    type.at(0).get_to(record.address);
    type.at(1).get_to(record.name);
    type.at(2).get_to(record.module);
    record.finalizer = type.at(3).get<Finalizer>();
    if (record.finalizer > Finalizer::legacy) archive.damaged("a finalizer is of no kind");
    type.at(4).get_to(record.is_class);
  }
  graph.names = Json::parse(archive.text("names.json")).get<std::vector<std::string>>();
  graph.root_names = Json::parse(archive.text("root_names.json")).get<std::vector<std::string>>();
  graph.pooled = pooled;
  graph.address = archive.array<Address>("address");
  graph.type = archive.array<TypeId>("type");
  graph.bytes = to_sizes(archive.array<std::uint64_t>("bytes"));
  graph.footprint = to_sizes(archive.array<std::uint64_t>("footprint"));
  graph.refcount = archive.array<std::uint32_t>("refcount");
  graph.flags = archive.array<std::uint8_t>("flags");
  graph.reference_begin = archive.array<std::uint64_t>("reference_begin");
  graph.reference_to = archive.array<ObjectId>("reference_to");
  graph.edge = archive.array<std::uint32_t>("edge");
  if (const char* wrong = what_is_wrong(graph)) archive.damaged(wrong);
  read_roots(archive, graph);
  read_texts(archive, graph);
}

Descriptor open_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    throw Failure(Exit::usage,
                  "cannot open " + path + ": " + std::generic_category().message(errno));
  }
  return file;
}

}  // namespace

bool looks_like_snapshot(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 4> magic{};
  return file && ::pread(file.get(), magic.data(), magic.size(), 0) == 4 &&
         std::string_view(magic.data(), 4) == "PK\x03\x04";
}

void write_snapshot(int fd, const Inspection& inspection, bool compress, const Run& run) {
  const HeapGraph& graph = inspection.graph;
  ArchiveWriter archive(fd, compress, run);
  Json meta = inspection_json(inspection);
  meta["schema"] = kSchema;
  archive.add_text("meta.json", dump(meta));
  archive.add_text("types.json", dump(types_json(graph)));
  archive.add_text("names.json", dump(graph.names));
  archive.add_text("root_names.json", dump(graph.root_names));
  const auto add_sizes = [&](const char* name, const SizeColumn& column) {
    archive.add_u64(name, column.size(), [&](std::size_t first, std::span<std::uint64_t> into) {
      for (std::size_t i = 0; i < into.size(); ++i) into[i] = column[first + i];
    });
  };
  run.report("writing the snapshot", 0);
  archive.add_array<Address>("address", graph.address);
  archive.add_array<TypeId>("type", graph.type);
  add_sizes("bytes", graph.bytes);
  add_sizes("footprint", graph.footprint);
  archive.add_array<std::uint32_t>("refcount", graph.refcount);
  archive.add_array<std::uint8_t>("flags", graph.flags);
  run.report("writing the snapshot", 0.4);
  archive.add_array<std::uint64_t>("reference_begin", graph.reference_begin);
  archive.add_array<ObjectId>("reference_to", graph.reference_to);
  archive.add_array<std::uint32_t>("edge", graph.edge);
  write_roots(graph, archive);
  write_texts(graph, archive);
  write_weak_entries(inspection.weak_entries, archive);
  write_columns(inspection.columns, archive);
  archive.finish();
}

Inspection read_snapshot(const std::string& path, const Run& run) {
  const Descriptor file = open_file(path);
  ArchiveReader archive(file.get(), path, run);
  try {
    const Json meta = Json::parse(archive.text("meta.json"));
    if (meta.at("schema") != kSchema) {
      archive.damaged("its schema is " + meta.at("schema").get<std::string>());
    }
    Inspection result = inspection_from_json(meta);
    run.report("reading the snapshot", -1);
    require_memory(run, archive.unpacked_bytes());
    read_graph(archive, meta.at("pooled").get<std::size_t>(), result.graph);
    result.weak_entries = read_weak_entries(archive, result.graph.size());
    result.columns = read_columns(archive, result.graph.size());
    return result;
  } catch (const Json::exception& error) {
    archive.damaged("it is damaged, or of another version of heapglass (" +
                    std::string(error.what()) + ")");
  }
}

}  // namespace heapglass
