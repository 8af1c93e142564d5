#include "cli/render/check.h"

#include <cmath>

#include "cli/render/escape.h"
#include "cli/render/numbers.h"
#include "cli/render/objects.h"

namespace heapglass {
namespace {

// "12,345 objects of app.Session, and at most 10,000 are allowed".
std::string sentence(const FailedCheck& failed) {
  const auto whole = [](double value) { return static_cast<std::uint64_t>(value); };
  const Check& check = failed.check;
  const std::string types = escape_terminal(check.types);
  switch (check.limit) {
    case Limit::count:
      return count_of(failed.count, "object") + " of " + types + ", and at most " +
             thousands(whole(check.most)) + " are allowed";
    case Limit::bytes:
      return types + " are " + human_bytes(whole(failed.found)) + " in " +
             count_of(failed.count, "object") + ", and at most " + human_bytes(whole(check.most)) +
             " are allowed";
    case Limit::retained:
      return types + " retain " + human_bytes(whole(failed.found)) + " in " +
             count_of(failed.count, "object") + " of their own, and at most " +
             human_bytes(whole(check.most)) + " are allowed";
    case Limit::growth:
      return types + " grew from " + thousands(failed.before) + " to " +
             count_of(failed.count, "object") +
             (failed.before == 0 ? std::string()
                                 : ", by " + thousands(whole(failed.found)) + " %") +
             ", and at most " + thousands(whole(check.most)) + " % are allowed";
    case Limit::garbage:
      break;
  }
  return count_of(failed.count, "object") + " of garbage in cycles, and none is allowed";
}

}  // namespace

std::string checks_text(const Checked& checked, const Terminal& terminal) {
  std::string text;
  for (const FailedCheck& failed : checked.failed) {
    text += "failed: " + for_terminal(sentence(failed), terminal) + '\n';
    if (failed.path.empty()) continue;
    const bool garbage = failed.check.limit == Limit::garbage;
    text += "  " + thousands(failed.held) + (garbage ? " in cycles " : " held by ") +
            for_terminal(escape_terminal(failed.path), terminal) + '\n';
  }
  return text + count_of(checked.passed, "check") + " passed, " + thousands(checked.failed.size()) +
         " failed\n";
}

void put_checks(Json& document, const Checked& checked) {
  Json& all = document["failed"] = Json::array();
  for (const FailedCheck& failed : checked.failed) {
    Json& item = all.emplace_back();
    item["check"] = limit_name(failed.check.limit);
    item["type"] = failed.check.types;
    item["limit"] = failed.check.most;
    item["found"] = std::isfinite(failed.found) ? Json(failed.found) : Json(nullptr);
    item["count"] = failed.count;
    if (failed.check.limit == Limit::growth) item["count_before"] = failed.before;
    item["path"] = failed.path.empty() ? Json(nullptr) : Json(failed.path);
    item["held"] = failed.held;
  }
  document["passed"] = checked.passed;
}

}  // namespace heapglass
