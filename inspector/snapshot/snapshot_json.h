// All of an inspection but its graph and contents, as the meta.json of a snapshot.
#pragma once

#include <nlohmann/json.hpp>

#include "inspector/inspect.h"

namespace heapglass {

nlohmann::json inspection_json(const Inspection& inspection);

// Throws nlohmann::json::exception for what does not have its shape. The mode is `snapshot`.
Inspection inspection_from_json(const nlohmann::json& json);

}  // namespace heapglass
