#include "cli/render/json_stream.h"

#include <utility>

namespace heapglass {
namespace {

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', true, Json::error_handler_t::replace);
}

}  // namespace

JsonStream::JsonStream(const Json& head, Write write) : write_(std::move(write)) {
  std::string text = dump(head, 2);
  text.resize(text.rfind("\n}"));
  write_(text);
}

void JsonStream::put(std::string_view name, const Json& value) {
  // As a document of this member alone would have it, without its braces.
  std::string text = dump(Json{{std::string(name), value}}, 2);
  text.resize(text.rfind("\n}"));
  text.front() = ',';
  write_(text);
}

void JsonStream::begin_array(std::string_view name) {
  write_(",\n  " + dump(Json(std::string(name)), -1) + ": [");
  any_ = false;
}

void JsonStream::item(const Json& value) {
  write_((any_ ? ",\n    " : "\n    ") + dump(value, -1));
  any_ = true;
}

void JsonStream::end_array() { write_(any_ ? "\n  ]" : "]"); }

void JsonStream::finish() { write_("\n}\n"); }

}  // namespace heapglass
