// Millions of lines: numbers by to_chars, nothing allocated for a line.
#include "cli/render/ndjson.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cli/render/escape.h"
#include "inspector/graph/edge.h"

namespace heapglass {
namespace {

template <class Number>
void append_number(std::string& to, Number value, int base = 10) {
  std::array<char, 20> digits;  // NOLINT(*-member-init): written before it is read
  const auto end = std::to_chars(digits.begin(), digits.end(), value, base).ptr;
  to.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_address(std::string& to, Address address) {
  to += "\"0x";
  append_number(to, address, 16);
  to += '"';
}

// Nearly all are plain ASCII, which needs no escaping.
void append_json_string(std::string& to, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  });
  if (plain) {
    to += '"';
    to += text;
    to += '"';
  } else {
    to += json_string(text);
  }
}

}  // namespace

ObjectLines::ObjectLines(const HeapGraph& graph, bool labels, const Columns* columns,
                         Contents* contents)
    : graph_(graph), labels_(labels), columns_(columns), contents_(contents) {
  if (contents != nullptr) {
    key_text_ = [&graph, contents](ObjectId key) { return contents->of(key, graph); };
  }
  type_names_.reserve(graph.types.size());
  for (const TypeRecord& type : graph.types) type_names_.push_back(json_string(type.name));
}

namespace {

bool is_told_as(ReferenceKind told, ReferenceKind kind) {
  return told == ReferenceKind::collector ? is_shown(kind) : kind == told;
}

}  // namespace

bool ObjectLines::append_references(std::string& to, std::size_t i, ReferenceKind kind) const {
  to += '[';
  bool any = false;
  if (!graph_.reference_begin.empty()) {
    for (std::uint64_t r = graph_.reference_begin[i]; r < graph_.reference_begin[i + 1]; ++r) {
      if (!is_told_as(kind, edge_kind(graph_.edge[r]))) continue;
      if (any) to += ',';
      any = true;
      append_address(to, graph_.address[index(graph_.reference_to[r])]);
    }
  }
  to += ']';
  return any;
}

void ObjectLines::append_edges(std::string& to, std::size_t i, ReferenceKind kind) const {
  to += '[';
  bool any = false;
  std::string label;
  for (std::uint64_t r = graph_.reference_begin[i]; r < graph_.reference_begin[i + 1]; ++r) {
    if (!is_told_as(kind, edge_kind(graph_.edge[r]))) continue;
    if (any) to += ',';
    any = true;
    label.clear();
    append_label(label, graph_, static_cast<ObjectId>(i), r, key_text_);
    append_json_string(to, label);
  }
  to += ']';
}

// No content_hash: it would tell whether two texts are the same.
void ObjectLines::append_columns(std::string& to, ObjectId id) const {
  const auto field = [&](std::string_view name, auto value) {
    to.append(",\"").append(name).append("\":");
    append_number(to, value);
  };
  if (const Extent* extent = columns_->extent.of(id)) {
    field("length", extent->length);
    field("capacity", extent->capacity);
  }
  if (const std::int32_t* fd = columns_->fd.of(id)) field("fd", *fd);
  if (const LruCache* lru = columns_->lru.of(id)) {
    to += ",\"lru\":{\"hits\":";
    append_number(to, lru->hits);
    field("misses", lru->misses);
    if (lru->maxsize == LruCache::kUnbounded) {
      to += ",\"maxsize\":null";
    } else {
      field("maxsize", lru->maxsize);
    }
    field("length", lru->length);
    to += '}';
  }
  if (const std::int32_t* line = columns_->line.of(id)) field("line", *line);
  if (const Lock* lock = columns_->lock.of(id)) {
    to += lock->locked ? ",\"locked\":true" : ",\"locked\":false";
    if (lock->reentrant && lock->locked) {
      field("owner", lock->owner);
      field("count", lock->count);
    }
  }
  if (const FutureState* state = columns_->future.of(id)) {
    to.append(",\"state\":\"").append(future_state_name(*state)) += '"';
  }
}

void ObjectLines::append(std::string& to, std::size_t i) const {
  to += "{\"address\":";
  append_address(to, graph_.address[i]);
  to += ",\"type\":";
  to += type_names_[index(graph_.type[i])];
  if (contents_ != nullptr) {
    if (const auto value = contents_->of(static_cast<ObjectId>(i), graph_)) {
      to += ",\"value\":";
      append_json_string(to, *value);
    }
  }
  to += ",\"size\":";
  append_number(to, graph_.bytes[i]);
  to += ",\"footprint\":";
  append_number(to, graph_.footprint[i]);
  to += ",\"refcount\":";
  append_number(to, graph_.refcount[i]);
  to += (graph_.flags[i] & HeapGraph::kTracked) != 0 ? ",\"tracked\":true" : ",\"tracked\":false";
  if (columns_ != nullptr) append_columns(to, static_cast<ObjectId>(i));
  to += ",\"references\":";
  append_references(to, i, ReferenceKind::collector);
  if (labels_) {
    to += ",\"edges\":";
    append_edges(to, i, ReferenceKind::collector);
  }
  to += ",\"also\":";
  append_references(to, i, ReferenceKind::owned);
  if (labels_) {
    to += ",\"also_edges\":";
    append_edges(to, i, ReferenceKind::owned);
  }
  const std::size_t without = to.size();
  to += ",\"inferred\":";
  if (!append_references(to, i, ReferenceKind::inferred)) {
    to.resize(without);
  } else if (labels_) {
    to += ",\"inferred_edges\":";
    append_edges(to, i, ReferenceKind::inferred);
  }
  to += "}\n";
}

RootItems::RootItems(const HeapGraph& graph) : graph_(graph) {
  names_.reserve(graph.root_names.size());
  for (const std::string& name : graph.root_names) names_.push_back(json_string(name));
}

void RootItems::append(std::string& to, std::size_t i) {
  const Root& root = graph_.roots[i];
  if (root.kind == RootKind::interned || root.kind == RootKind::static_type) {
    ++(root.kind == RootKind::interned ? interned_ : static_types_);
    return;
  }
  append_item(to, root_kind_name(root.kind), names_[root.name], root.to, root.hold);
}

void RootItems::append(std::string& to, const NativeRoot& root) {
  const std::string name = "\"native: " + std::to_string(root.references) +
                           (root.references == 1 ? " reference\"" : " references\"");
  append_item(to, "native", name, root.to, RootHold::owned);
}

void RootItems::append_item(std::string& to, std::string_view kind, std::string_view json_name,
                            ObjectId object, RootHold hold) {
  if (any_) to += ',';
  any_ = true;
  to += "{\"kind\":\"";
  to += kind;
  to += "\",\"name\":";
  to += json_name;
  to += ",\"address\":";
  append_address(to, graph_.address[index(object)]);
  to += ",\"hold\":\"";
  to += root_hold_name(hold);
  to += "\"}";
}

void RootItems::append_counts(std::string& to) const {
  to += "{\"interned\":";
  append_number(to, interned_);
  to += ",\"static_type\":";
  append_number(to, static_types_);
  to += '}';
}

}  // namespace heapglass
