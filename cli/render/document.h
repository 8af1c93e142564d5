// The head that every JSON document starts with (CONTRACT.md, "JSON"), and how documents are
// written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "inspector/acquisition.h"
#include "inspector/inspect.h"

namespace heapglass {

using Json = nlohmann::ordered_json;  // keys stay in the order in which they are put

Json target_json(const TargetFacts& target);
Json acquisition_json(const Acquisition& acquisition);

// {"schema": "heapglass.<name>/1", "target": ..., "acquisition": ...}. ps and doctor, which read no
// heap, have null for what there is not.
Json document_head(std::string_view name, Json target, Json acquisition);
Json document_head(std::string_view name, const Inspection& inspection);

// Indented, with a newline, in ASCII only: valid UTF-8, and harmless on a terminal. What is no
// UTF-8 in a name of the target becomes U+FFFD.
std::string write_json(const Json& document);
// The same on one line, for NDJSON.
std::string write_json_line(const Json& document);

}  // namespace heapglass
