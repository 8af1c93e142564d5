// The picture of `heapglass PID`, in 80 columns.
#include "cli/render/overview.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/render/escape.h"
#include "cli/render/histogram.h"
#include "cli/render/numbers.h"
#include "cli/render/table.h"

namespace heapglass {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kIndent = 2;

struct Signs {
  std::string_view objects, free, other;
};
constexpr Signs signs(bool unicode) {
  return unicode ? Signs{"█", "▒", "·"} : Signs{"#", "=", "."};
}

void append_times(std::string& to, std::string_view sign, std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) to += sign;
}

std::string title(const Inspection& inspection, const Terminal& terminal) {
  const ProcessFacts& process = inspection.process;
  const std::string head = "process " + std::to_string(inspection.target.pid) + ", CPython " +
                           inspection.target.python_version + ", running for " +
                           human_age(process.age_seconds);
  return terminal.bold(head) + '\n' +
         terminal.dim(cut_end(escape_terminal(process.command), kColumns, terminal.ellipsis())) +
         '\n';
}

std::string legend(const ResidentParts& parts, const Inspection& inspection,
                   const Terminal& terminal) {
  using Align = Column::Align;
  const Signs sign = signs(terminal.unicode);
  Table table;
  table.columns = {{"", Align::left, Column::Fit::whole},
                   {"", Align::left, Column::Fit::whole},
                   {"", Align::right, Column::Fit::whole},
                   {"", Align::right, Column::Fit::whole},
                   {"", Align::left, Column::Fit::whole}};
  const auto add = [&](std::string_view s, const char* name, std::uint64_t bytes,
                       std::string note) {
    table.rows.push_back(
        {std::string(s), name, human_bytes(bytes), percent(bytes, parts.rss), std::move(note)});
  };
  add(sign.objects, "Python objects", parts.objects, count_of(inspection.graph.size(), "object"));
  add(sign.free, "free in pools", parts.free_in_pools,
      inspection.pools ? "kept by the allocator for new objects" : "unknown here");
  add(sign.other, "other", parts.other, "buffers, extensions, code, stacks");
  return render_table(table, terminal, kIndent);
}

std::string what_next(const Inspection& inspection, const Terminal& terminal) {
  const std::string pid = std::to_string(inspection.target.pid);
  Table table;
  table.columns = {{"", Column::Align::left, Column::Fit::whole},
                   {"", Column::Align::left, Column::Fit::whole}};
  table.rows = {{"heapglass histogram " + pid, "every type"},
                {"heapglass histogram " + pid + " --by module", "which library"},
                {"heapglass export " + pid + " --format ndjson -o heap.ndjson", "every reference"},
                {"heapglass doctor " + pid, "how it was read"}};
  return terminal.bold("next") + '\n' + render_table(table, terminal, kIndent);
}

}  // namespace

ResidentParts split_resident(const Inspection& inspection, std::uint64_t footprint) {
  ResidentParts parts;
  parts.rss = inspection.process.rss;
  parts.objects = std::min(footprint, parts.rss);
  if (inspection.pools) {
    parts.free_in_pools = std::min(inspection.pools->free_blocks + inspection.pools->free_pools,
                                   parts.rss - parts.objects);
  }
  parts.other = parts.rss - parts.objects - parts.free_in_pools;
  return parts;
}

std::string bar(const ResidentParts& parts, std::size_t width, bool unicode) {
  if (parts.rss == 0) return {};
  const auto share = [&](std::uint64_t bytes) {
    const double exact =
        static_cast<double>(bytes) / static_cast<double>(parts.rss) * static_cast<double>(width);
    return std::max<std::size_t>(bytes > 0 ? 1 : 0, static_cast<std::size_t>(std::lround(exact)));
  };
  const std::size_t objects = std::min(share(parts.objects), width);
  const std::size_t free = std::min(share(parts.free_in_pools), width - objects);
  const Signs sign = signs(unicode);
  std::string result;
  append_times(result, sign.objects, objects);
  append_times(result, sign.free, free);
  append_times(result, sign.other, width - objects - free);
  return result;
}

std::string overview_text(const Inspection& inspection, const Histogram& types, std::size_t top,
                          const Terminal& terminal) {
  const ResidentParts parts = split_resident(inspection, types.total.footprint);
  Terminal screen = terminal;
  screen.width = screen.width == 0 ? kColumns : std::min(screen.width, kColumns);
  std::string text = title(inspection, screen) + '\n';
  text += screen.bold(human_bytes(parts.rss) + " resident");
  if (inspection.process.swap > 0) {
    text += ", and " + human_bytes(inspection.process.swap) + " swapped out";
  }
  text += "\n  " + bar(parts, screen.width - 2 * kIndent, screen.unicode) + '\n';
  text += legend(parts, inspection, screen) + '\n';
  text += histogram_table(types, HistogramBy::type, top, screen) + '\n';
  return text + what_next(inspection, screen);
}

std::string overview_json(const Inspection& inspection, const Histogram& types, std::size_t top) {
  const ResidentParts parts = split_resident(inspection, types.total.footprint);
  Json document = document_head("overview", inspection);
  document["rss"] = parts.rss;
  document["swap"] = inspection.process.swap;
  document["parts"] = {{{"name", "objects"}, {"bytes", parts.objects}},
                       {{"name", "free_in_pools"}, {"bytes", parts.free_in_pools}},
                       {{"name", "other"}, {"bytes", parts.other}}};
  document["pools"] = nullptr;
  if (const auto& pools = inspection.pools) {
    document["pools"] = {{"arena_bytes", pools->arena_bytes},
                         {"used_blocks", pools->used_blocks},
                         {"free_blocks", pools->free_blocks},
                         {"free_pools", pools->free_pools}};
  }
  put_histogram(document, types, HistogramBy::type, top);
  return write_json(document);
}

}  // namespace heapglass
