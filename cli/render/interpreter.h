// An interpreter in words.
#pragma once

#include <string>
#include <vector>

#include "cli/render/document.h"
#include "symbols/interpreter.h"

namespace heapglass {

// {"shared" or "static", then "stripped", "debug", "free-threaded" where it is}.
std::vector<std::string> build_words(const Interpreter& interpreter);
std::string joined(const std::vector<std::string>& words, std::string_view between);

// The "python" of a document's target.
Json python_json(const Interpreter& interpreter);

}  // namespace heapglass
