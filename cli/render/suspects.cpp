#include "cli/render/suspects.h"

#include <algorithm>
#include <cmath>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/objects.h"

namespace heapglass {
namespace {

constexpr std::size_t kIndent = 4;

// Words on lines that fit; untrusted text is escaped before.
std::string wrapped(const std::string& text, std::size_t width) {
  std::string result(kIndent, ' ');
  std::size_t column = kIndent;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (column > kIndent && column + 1 + (end - at) > width) {
      result += '\n' + std::string(kIndent, ' ');
      column = kIndent;
    } else if (column > kIndent) {
      result += ' ';
      ++column;
    }
    result.append(text, at, end - at);
    column += end - at;
    at = end + 1;
  }
  return result + '\n';
}

}  // namespace

std::string suspects_text(const Suspicion& suspicion, std::size_t top, const Terminal& terminal) {
  constexpr std::size_t kWidth = 100;
  const std::size_t width =
      terminal.width == 0 ? kWidth : std::max<std::size_t>(terminal.width, 40);
  std::string text = for_terminal(escape_terminal(suspicion.verdict), terminal) + '\n';
  std::size_t number = 0;
  for (const Suspect& suspect : suspicion.suspects) {
    if (number == top) {
      text += "\nand " + count_of(suspicion.suspects.size() - top, "more suspect") + "\n";
      break;
    }
    text += '\n' + std::to_string(++number) + ". " + thousands(suspect.count) + ' ' +
            escape_terminal(suspect.type) + ": " + human_bytes(suspect.retained) + " retained, " +
            std::to_string(std::lround(suspect.share)) + " % of the heap (" +
            std::string(suspect_kind_name(suspect.kind)) + ")\n";
    if (!suspect.path.empty()) {
      text +=
          std::string(kIndent, ' ') + for_terminal(escape_terminal(suspect.path), terminal) + '\n';
    }
    text += wrapped(suspect.reason, width);
  }
  return text;
}

void put_suspects(Json& document, const Suspicion& suspicion, std::size_t top) {
  document["verdict"] = suspicion.verdict;
  Json& suspects = document["suspects"] = Json::array();
  for (std::size_t i = 0; i < std::min(top, suspicion.suspects.size()); ++i) {
    const Suspect& suspect = suspicion.suspects[i];
    suspects.push_back({{"kind", suspect_kind_name(suspect.kind)},
                        {"type", suspect.type},
                        {"count", suspect.count},
                        {"bytes", suspect.bytes},
                        {"retained_bytes", suspect.retained},
                        {"share_percent", std::round(suspect.share * 10) / 10},
                        {"path", suspect.path},
                        {"reason", suspect.reason}});
  }
}

}  // namespace heapglass
