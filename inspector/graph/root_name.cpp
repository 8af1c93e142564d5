#include "inspector/graph/root_name.h"

#include <algorithm>

namespace heapglass {

namespace {

// Where `thread 4711 "worker-3"` ends.
std::size_t end_of_thread(RootKind kind, std::string_view name) {
  constexpr std::string_view kThread = "thread ";
  const std::size_t thread = name.find(kThread);
  if (thread == name.npos) return name.size();
  const std::size_t number_end = std::min(name.find(' ', thread + kThread.size()), name.size());
  if (name.substr(number_end, 2) != " \"") return number_end;
  const std::size_t quote =
      kind == RootKind::frame ? name.find("\" frame ", number_end + 2) : name.rfind('"');
  return quote == name.npos || quote < number_end + 2 ? name.size() : quote + 1;
}

}  // namespace

RootName parse_root_name(RootKind kind, std::string_view name) {
  if (kind != RootKind::frame && kind != RootKind::thread) return {name, {}, {}, {}};
  constexpr std::string_view kFrame = " frame ", kLocal = " local ", kStack = " stack ";
  const std::size_t end = end_of_thread(kind, name);
  RootName result{name.substr(0, end), {}, {}, {}};
  std::string_view rest = name.substr(end);
  if (!rest.starts_with(kFrame)) {
    result.part = rest.substr(std::min<std::size_t>(rest.size(), 1));
    return result;
  }
  rest.remove_prefix(kFrame.size());
  // Names of locals have no blank; those of files may.
  if (const std::size_t local = rest.rfind(kLocal);
      local != rest.npos && rest.find(' ', local + kLocal.size()) == rest.npos) {
    result.local = rest.substr(local + kLocal.size());
    rest = rest.substr(0, local);
  } else if (const std::size_t stack = rest.rfind(kStack);
             stack != rest.npos &&
             rest.find_first_not_of("0123456789", stack + kStack.size()) == rest.npos) {
    result.part = rest.substr(stack + 1);
    rest = rest.substr(0, stack);
  }
  result.place = rest;
  return result;
}

}  // namespace heapglass
