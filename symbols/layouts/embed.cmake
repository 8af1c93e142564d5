# Turns facts.txt and the layout files into C++, at build time:
#   OUT/facts.gen.h      enum class Fact, in the order of facts.txt
#   OUT/layouts.gen.cpp  what embedded.h declares: the facts' names and every layout file's text
# cmake -DFACTS=facts.txt "-DLAYOUTS=a.tsv;b.tsv" -DOUT=directory -P embed.cmake
# A file is written only if its content changed, so that a new layout recompiles one file.
cmake_minimum_required(VERSION 3.22)

# Compilers need to take a string literal of 64 KiB and no more: longer texts are cut.
set(literal_limit 16000)

file(STRINGS "${FACTS}" lines)
set(names)
foreach(line IN LISTS lines)
  string(REGEX REPLACE "#.*" "" line "${line}")
  string(REGEX REPLACE "\\|.*" "" line "${line}")  # what follows is for extract.py
  string(STRIP "${line}" line)
  if(NOT line STREQUAL "")
    list(APPEND names "${line}")
  endif()
endforeach()

set(enumerators "")
set(name_lines "")
foreach(name IN LISTS names)
  if(NOT name MATCHES "^[A-Za-z_][A-Za-z0-9_.]*$")
    message(FATAL_ERROR "${FACTS}: `${name}` is not the name of a fact")
  endif()
  string(REPLACE "." "_" enumerator "${name}")
  string(APPEND enumerators "  ${enumerator},\n")
  string(APPEND name_lines "    \"${name}\",\n")
endforeach()

file(CONFIGURE OUTPUT "${OUT}/facts.gen.h" @ONLY CONTENT [=[
// Generated from symbols/layouts/facts.txt by embed.cmake. Do not edit.
#pragma once

#include <cstdint>

namespace heapglass {

enum class Fact : std::uint16_t {
@enumerators@  count
};

}  // namespace heapglass
]=])

list(SORT LAYOUTS COMPARE NATURAL)
set(texts "")
set(entries "")
set(number 0)
foreach(layout IN LISTS LAYOUTS)
  get_filename_component(name "${layout}" NAME_WLE)
  file(READ "${layout}" text)
  string(LENGTH "${text}" length)
  string(APPEND texts "constexpr std::string_view kText${number}[] = {\n")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} ${literal_limit} part)
    string(APPEND texts "R\"layout(${part})layout\",\n")
    math(EXPR at "${at} + ${literal_limit}")
  endwhile()
  string(APPEND texts "};\n\n")
  string(APPEND entries "    {\"${name}\", kText${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
if(number EQUAL 0)
  message(FATAL_ERROR "no layout file given: -DLAYOUTS is empty")
endif()

file(CONFIGURE OUTPUT "${OUT}/layouts.gen.cpp" @ONLY CONTENT [=[
// Generated from symbols/layouts/*.tsv by embed.cmake. Do not edit.
#include "symbols/layouts/embedded.h"

namespace heapglass {
namespace {

constexpr std::string_view kFactNames[] = {
@name_lines@};

@texts@constexpr EmbeddedLayout kLayouts[] = {
@entries@};

}  // namespace

std::span<const std::string_view> embedded_fact_names() { return kFactNames; }
std::span<const EmbeddedLayout> embedded_layouts() { return kLayouts; }

}  // namespace heapglass
]=])
