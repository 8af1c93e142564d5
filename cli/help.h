// `heapglass --help`, and `heapglass COMMAND --help`.
#pragma once

#include <string>

#include "cli/command.h"

namespace heapglass {

std::string general_help();
std::string command_help(const Command& command);

}  // namespace heapglass
