#include "inspector/analysis/cut.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace heapglass {

namespace {

struct Rule {
  std::string_view reason;
  std::vector<std::string_view> whole;  // labels
  std::vector<std::string_view> words;  // of a name, between underscores
};

const std::array<Rule, 6>& rules() {
  static const std::array<Rule, 6> kRules{{
      {"traceback", {".__traceback__", ".tb_frame", "<exc_value>", "<exc_traceback>"}, {}},
      {"callback",
       {".__self__"},
       {"callback", "callbacks", "cb", "handler", "handlers", "hook", "hooks", "listener",
        "listeners", "observer", "observers", "subscriber", "subscribers", "on"}},
      {"parent link",
       {},
       {"parent", "parents", "owner", "container", "prev", "previous", "root", "master", "outer",
        "back", "backref", "up", "manager", "document"}},
      {"closure", {".cell_contents", ".__closure__"}, {}},
      {"cache", {}, {"cache", "caches", "memo"}},
      {"class", {".__mro__"}, {}},
  }};
  return kRules;
}

// Whether one of the words of an attribute's name is among `words`.
bool has_word(std::string_view label, const std::vector<std::string_view>& words) {
  if (label.empty() || label.front() != '.') return false;
  std::string word;
  const auto matches = [&] { return std::find(words.begin(), words.end(), word) != words.end(); };
  for (const char c : label.substr(1)) {
    if (c == '_') {
      if (matches()) return true;
      word.clear();
    } else {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return matches();
}

}  // namespace

Cut choose_cut(const std::vector<std::string>& labels) {
  for (const Rule& rule : rules()) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const bool whole =
          std::find(rule.whole.begin(), rule.whole.end(), labels[i]) != rule.whole.end();
      if (whole || has_word(labels[i], rule.words)) return {i, std::string(rule.reason)};
    }
  }
  for (std::size_t i = labels.size(); i-- > 0;) {
    if (labels[i].starts_with('.')) return {i, "last"};
  }
  return {labels.size() - 1, "last"};
}

}  // namespace heapglass
