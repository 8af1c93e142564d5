#include "cli/commands/selection.h"

#include "cli/nearest.h"
#include "cli/render/objects.h"
#include "inspector/analysis/glob.h"

namespace heapglass {
namespace {

std::string histogram_call(const Context& context) {
  return "heapglass histogram " + context.source.word() + " --sort count";
}

// Where no type matches: one that was probably meant.
std::string remedy(const Context& context, const HeapGraph& graph) {
  std::vector<std::string> names;
  for (const TypeRecord& type : graph.types) {
    names.push_back(type.name);
    if (type.name.ends_with("." + context.options.type_pattern)) return "--type " + type.name;
  }
  const auto near = nearest(context.options.type_pattern, names);
  return near ? "--type " + *near : histogram_call(context);
}

}  // namespace

void require_selection(const Context& context) {
  if (!context.options.type_pattern.empty()) return;
  throw Failure(Exit::usage, "of which objects? --type names them", histogram_call(context));
}

std::vector<bool> selected_types(const Context& context, const HeapGraph& graph) {
  const std::string& pattern = context.options.type_pattern;
  std::vector<bool> result;
  for (const TypeRecord& type : graph.types) {
    result.push_back(pattern.empty() || glob_match(pattern, type.name));
  }
  return result;
}

std::vector<ObjectId> select_objects(const Context& context, const HeapGraph& graph) {
  const std::vector<bool> types = selected_types(context, graph);
  if (context.options.address) {
    const std::string address = address_text(*context.options.address);
    const auto object = graph.find(*context.options.address);
    if (!object) {
      throw Failure(Exit::usage, "no object begins at " + address + " (any more)",
                    "look again: heapglass paths " + context.source.word() + " --type '" +
                        context.options.type_pattern + "'");
    }
    const std::size_t type = index(graph.type[index(*object)]);
    if (!types[type]) {
      throw Failure(
          Exit::usage,
          "at " + address + " stands an object of another type: " + graph.types[type].name,
          "--address " + address + " --type '" + graph.types[type].name + "'");
    }
    return {*object};
  }
  std::vector<ObjectId> objects;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (types[index(graph.type[i])]) objects.push_back(static_cast<ObjectId>(i));
  }
  if (objects.empty()) {
    throw Failure(Exit::usage, "no object is of a type '" + context.options.type_pattern + "'",
                  remedy(context, graph));
  }
  return objects;
}

}  // namespace heapglass
