// Version and build of an interpreter.
#include "cli/render/interpreter.h"

namespace heapglass {

std::vector<std::string> build_words(const Interpreter& interpreter) {
  const std::string file = interpreter.path.substr(interpreter.path.rfind('/') + 1);
  std::vector<std::string> words{file.starts_with("libpython") ? "shared" : "static"};
  if (interpreter.stripped) words.emplace_back("stripped");
  if (interpreter.debug) words.emplace_back("debug");
  if (interpreter.free_threaded) words.emplace_back("free-threaded");
  return words;
}

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string result;
  for (const std::string& word : words) {
    if (&word != &words.front()) result += between;
    result += word;
  }
  return result;
}

Json python_json(const Interpreter& interpreter) {
  return {{"version", interpreter.version.text()},
          {"implementation", "cpython"},
          {"free_threaded", interpreter.free_threaded},
          {"debug", interpreter.debug}};
}

}  // namespace heapglass
