// Suspicion -> text and JSON.
#pragma once

#include <string>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/suspects.h"

namespace heapglass {

std::string suspects_text(const Suspicion& suspicion, std::size_t top, const Terminal& terminal);
void put_suspects(Json& document, const Suspicion& suspicion, std::size_t top);

}  // namespace heapglass
