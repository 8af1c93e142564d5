#include "inspector/core_note.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "inspector/open_target.h"
#include "inspector/snapshot/snapshot_json.h"

namespace heapglass {

namespace {

using Json = nlohmann::json;

constexpr const char* kSchema = "heapglass.core/1";

// Of the interpreter's symbols those that anything asks for by name (types by size besides): what
// is internal, a few public ones, and statics of its files.
bool looked_for(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {"Py_Version",
                                                              "Py_GetVersion",
                                                              "PyInterpreterState_Head",
                                                              "PyObject_VisitManagedDict",
                                                              "interp_head",
                                                              "collecting",
                                                              "garbage",
                                                              "callbacks",
                                                              "arenas",
                                                              "maxarenas",
                                                              "Handlers",
                                                              "interned"};
  return name.starts_with("_Py") || name.starts_with("PyExc_") || name.starts_with("cached_args") ||
         name.ends_with("_Type") || std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

Json image_json(const ElfImage& image, std::uint64_t type_size) {
  Json json = {{"machine", image.machine},       {"build_id", image.build_id},
               {"has_symtab", image.has_symtab}, {"segments", Json::array()},
               {"sections", Json::object()},     {"symbols", Json::object()}};
  for (const ElfSegment& segment : image.segments) {
    json["segments"].push_back({segment.vaddr, segment.file_offset, segment.file_size,
                                segment.memory_size, segment.flags});
  }
  for (const auto& [name, range] : image.sections) {
    json["sections"][name] = {range.begin, range.end};
  }
  for (const auto& [name, symbol] : image.symbols) {
    if (looked_for(name) || symbol.size == type_size) {
      json["symbols"][name] = {symbol.value, symbol.size};
    }
  }
  return json;
}

ElfImage image_from(const Json& json) {
  constexpr std::size_t kMost = 1 << 20;
  ElfImage image;
  json.at("machine").get_to(image.machine);
  json.at("build_id").get_to(image.build_id);
  json.at("has_symtab").get_to(image.has_symtab);
  for (const Json& segment : json.at("segments")) {
    image.segments.push_back({segment.at(0), segment.at(1), segment.at(2), segment.at(3),
                              segment.at(4).get<std::uint32_t>()});
    // As read_elf has them.
    const ElfSegment& last = image.segments.back();
    if (last.memory_size > ~Address{0} - last.vaddr || last.file_size > last.memory_size)
      image.segments.pop_back();
  }
  if (json.at("symbols").size() > kMost) return image;
  for (const auto& [name, range] : json.at("sections").items()) {
    const AddressRange section{range.at(0), range.at(1)};
    if (section.begin <= section.end) image.sections[name] = section;
  }
  for (const auto& [name, symbol] : json.at("symbols").items()) {
    image.symbols[name] = {symbol.at(0), symbol.at(1)};
  }
  return image;
}

}  // namespace

std::string core_note(const Inspection& inspection, const Python& python) {
  Json json = inspection_json(inspection);
  json["schema"] = kSchema;
  json["interpreter"] = python.interpreter.path;
  const auto type_size = static_cast<std::uint64_t>(python.layout[Fact::sizeof_PyTypeObject]);
  json["image"] = image_json(python.interpreter.image, type_size);
  // Names of the target are bytes of any kind.
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::optional<CoreNote> read_core_note(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != kSchema) return std::nullopt;
    Inspection inspection = inspection_from_json(json);
    return CoreNote{inspection.process, inspection.acquisition, json.at("interpreter"),
                    image_from(json.at("image"))};
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace heapglass
