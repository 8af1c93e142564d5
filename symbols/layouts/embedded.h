// What embed.cmake generates beside facts.gen.h: the facts' names and the layout files' texts, as
// they are compiled in. Only symbols/layout.cpp asks for them.
#pragma once

#include <span>
#include <string_view>

namespace heapglass {

struct EmbeddedLayout {
  std::string_view name;                    // of the file, without .tsv: "3.12"
  std::span<const std::string_view> parts;  // the text, cut where a literal would be too long
};

std::span<const std::string_view> embedded_fact_names();  // in the order of enum Fact
std::span<const EmbeddedLayout> embedded_layouts();       // sorted: 3.8, 3.9, 3.10, ...

}  // namespace heapglass
