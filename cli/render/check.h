// Checked -> text and JSON.
#pragma once

#include <string>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/checks.h"

namespace heapglass {

std::string checks_text(const Checked& checked, const Terminal& terminal);
// Puts "failed" and "passed".
void put_checks(Json& document, const Checked& checked);

}  // namespace heapglass
