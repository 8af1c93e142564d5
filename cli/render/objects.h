// Objects, references and paths in words and in JSON: what the commands that explain have in
// common.
#pragma once

#include <string>

#include "cli/render/document.h"
#include "cli/render/terminal.h"
#include "inspector/analysis/dominators.h"
#include "inspector/analysis/path_text.h"
#include "inspector/analysis/shortest_paths.h"
#include "inspector/graph/labels.h"

namespace heapglass {

std::string address_text(Address address);  // "0x7f0123456780"
std::string label_text(const HeapGraph& graph, ObjectId from, std::uint64_t reference,
                       const KeyText& key_text = {});
// Arrows and dots as the terminal can show them.
std::string for_terminal(std::string text, const Terminal& terminal);

// What holds the object, in words: its path, or that nothing does.
std::string held_by(const HeapGraph& graph, const ShortestPaths& paths, ObjectId object,
                    const KeyText& key_text = {});
// A node of the dominator tree likewise; an owner by its name.
std::string node_text(const HeapGraph& graph, const ShortestPaths& paths, const Dominators& tree,
                      std::uint32_t node);

// {"address", "type"}
Json object_json(const HeapGraph& graph, ObjectId object);
// {"kind", "name"}
Json root_json(const HeapGraph& graph, const RootEdge& root);
// {"root", "steps": [{"address", "type", "edge"}]}, root first; of a very long path the middle is
// left out and "steps_left_out" says how much.
Json path_json(const HeapGraph& graph, const Path& path, const KeyText& key_text);

}  // namespace heapglass
