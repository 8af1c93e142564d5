#include "inspector/analysis/suspect_rules.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace heapglass {

namespace {

constexpr std::uint64_t kManyLost = 200;  // of a type, held by native code alone
constexpr std::uint64_t kFewKept = 20;    // exceptions with a traceback, finished tasks

constexpr SuspectRule kRules[] = {
    {SuspectKind::exception, kFewKept, kLeastShare, 2,
     "exceptions are kept with their tracebacks, and these keep every local of the frames they "
     "went through: keep the text instead, or clear __traceback__"},
    {SuspectKind::task, kFewKept, kLeastShare, 2,
     "tasks and futures are finished and still referred to: drop them when they are done "
     "(add_done_callback(tasks.discard))"},
    {SuspectKind::of_thread, kMany, kLeastShare, 2,
     "a thread or a context keeps them for as long as it lives: clear them when a piece of work "
     "ends"},
    {SuspectKind::cache, kMany, 2, 1.5,
     "an lru_cache keeps its arguments and results, `self` of a method among them: bound it, or "
     "cache outside of the method"},
    {SuspectKind::dynamic_class, kManyClasses, kLeastShare, 2,
     "classes are made at run time and kept: make each once, and look it up"},
    // Few bytes are ours, the kernel's are not counted.
    {SuspectKind::descriptor, kMany, 0, 1.5, "descriptors are open and kept: close them"},
    {SuspectKind::container, kMany, kContainerShare, 1,
     "a container holds them: look for what adds to it and for what should remove"},
    {SuspectKind::garbage, 0, 0, 2, ""},
    {SuspectKind::orphan, kManyLost, kLeastShare, 2,
     "nothing found refers to them, and their counts say that something does: a C extension has "
     "lost references to them (a missing Py_DECREF), or keeps them in a table of its own"},
    {SuspectKind::native, kManyLost, kLeastShare, 2,
     "no root leads to them, and their counts say that more refers to them than was found: a C "
     "extension holds them besides, or has lost some of their references (a missing Py_DECREF)"},
};

}  // namespace

const SuspectRule& rule_of(SuspectKind kind) {
  return *std::find_if(std::begin(kRules), std::end(kRules),
                       [&](const SuspectRule& rule) { return rule.kind == kind; });
}

std::string_view suspect_kind_name(SuspectKind kind) {
  constexpr std::array<std::string_view, 11> kNames{
      "growth",  "cache",  "container", "exception",     "thread_local", "task",
      "garbage", "orphan", "native",    "dynamic_class", "descriptor"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace heapglass
