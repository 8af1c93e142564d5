#include "cli/render/family.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "cli/render/histogram.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

using Align = Column::Align;

using Footprints = std::unordered_map<std::string_view, std::uint64_t>;

Footprints footprints(const Histogram& histogram) {
  Footprints result;
  for (const HistogramRow& row : histogram.rows) result[row.name] = row.footprint;
  return result;
}

std::uint64_t shared_of(const Footprints& shared, const HistogramRow& row) {
  const auto at = shared.find(row.name);
  return at == shared.end() ? 0 : at->second;
}

// "footprint_shared" and "footprint_private" beside each row's footprint, and in the totals.
void put_shared(Json& document, const Histogram& all, const Histogram& shared, HistogramBy by) {
  const auto put = [](Json& to, std::uint64_t whole, std::uint64_t part) {
    to["footprint_shared"] = part;
    to["footprint_private"] = whole - std::min(whole, part);
  };
  put(document["totals"], all.total.footprint, shared.total.footprint);
  const Footprints part = footprints(shared);
  Json& rows = document[by == HistogramBy::module ? "modules" : "types"];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    put(rows[i], all.rows[i].footprint, shared_of(part, all.rows[i]));
  }
}

std::string members_table(const Family& family, const Terminal& terminal) {
  Table table;
  for (const char* title : {"PID", "RSS", "OBJECTS", "FOOTPRINT", "SHARED", "PRIVATE"}) {
    table.columns.push_back({title, Align::right, Column::Fit::whole});
  }
  table.columns.push_back({"COMMAND", Align::left, Column::Fit::cut_end});
  for (const FamilyMember& member : family.members) {
    const std::uint64_t all = member.all.total.footprint;
    const std::uint64_t shared = member.shared ? member.shared->total.footprint : 0;
    table.rows.push_back({std::to_string(member.target.pid), human_bytes(member.process.rss),
                          thousands(member.all.total.count), human_bytes(all),
                          member.shared ? human_bytes(shared) : "?",
                          member.shared ? human_bytes(all - std::min(all, shared)) : "?",
                          member.process.command});
  }
  return render_table(table, terminal);
}

}  // namespace

std::vector<const Histogram*> Family::all() const {
  std::vector<const Histogram*> result;
  for (const FamilyMember& member : members) result.push_back(&member.all);
  return result;
}

std::vector<const Histogram*> Family::shared() const {
  std::vector<const Histogram*> result;
  for (const FamilyMember& member : members) {
    if (member.shared) result.push_back(&*member.shared);
  }
  return result;
}

std::string family_table(const Family& family, HistogramBy by, std::size_t top,
                         const Terminal& terminal) {
  Table table;
  for (const char* title : {"COUNT", "SIZE", "FOOTPRINT", "SHARED", "PRIVATE"}) {
    table.columns.push_back({title, Align::right, Column::Fit::whole});
  }
  const bool modules = by == HistogramBy::module;
  table.columns.push_back({modules ? "MODULE" : "TYPE", Align::left, Column::Fit::cut_middle});
  const Footprints part = footprints(family.shared_sum);
  const auto add = [&](const HistogramRow& row, std::uint64_t shared, std::string name) {
    table.rows.push_back({thousands(row.count), human_bytes(row.bytes), human_bytes(row.footprint),
                          human_bytes(shared),
                          human_bytes(row.footprint - std::min(row.footprint, shared)),
                          std::move(name)});
  };
  for (std::size_t i = 0; i < std::min(top, family.sum.rows.size()); ++i) {
    const HistogramRow& row = family.sum.rows[i];
    add(row, shared_of(part, row), row.name);
  }
  add(family.sum.total, family.shared_sum.total.footprint,
      "in total, " + count_of(family.sum.rows.size(), modules ? "module" : "type") + " in " +
          thousands(family.members.size()) +
          (family.members.size() == 1 ? " process" : " processes"));
  return members_table(family, terminal) + '\n' + render_table(table, terminal) +
         std::string(kSharedNote) + '\n';
}

Json family_json(const Family& family, HistogramBy by, std::size_t top) {
  Json document = {{"schema", "heapglass.histogram/1"}};
  Json& processes = document["processes"] = Json::array();
  for (const FamilyMember& member : family.members) {
    Json one = document_head("histogram", target_json(member.target),
                             acquisition_json(member.acquisition));
    put_histogram(one, member.all, by, top);
    if (member.shared) put_shared(one, member.all, *member.shared, by);
    processes.push_back(std::move(one));
  }
  Json& sum = document["sum"] = Json::object();
  put_histogram(sum, family.sum, by, top);
  if (family.shared().size() == family.members.size()) {
    put_shared(sum, family.sum, family.shared_sum, by);
  }
  sum["note"] = kSharedNote;
  return document;
}

std::string family_csv(const Family& family, HistogramBy by, std::size_t top) {
  std::string text = csv_line({"pid", by == HistogramBy::module ? "module" : "type", "count",
                               "bytes", "footprint", "footprint_shared"});
  for (const FamilyMember& member : family.members) {
    const Footprints part = member.shared ? footprints(*member.shared) : Footprints{};
    for (std::size_t i = 0; i < std::min(top, member.all.rows.size()); ++i) {
      const HistogramRow& row = member.all.rows[i];
      text += csv_line({std::to_string(member.target.pid), row.name, std::to_string(row.count),
                        std::to_string(row.bytes), std::to_string(row.footprint),
                        member.shared ? std::to_string(shared_of(part, row)) : std::string()});
    }
  }
  return text;
}

}  // namespace heapglass
