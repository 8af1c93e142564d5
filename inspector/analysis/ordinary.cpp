#include "inspector/analysis/ordinary.h"

#include <algorithm>
#include <iterator>

#include "inspector/analysis/type_names.h"

namespace heapglass {

namespace {

constexpr std::string_view kPlainValues[] = {"str",
                                             "bytes",
                                             "int",
                                             "float",
                                             "bool",
                                             "complex",
                                             "NoneType",
                                             "bytearray",
                                             "range",
                                             "slice",
                                             "ellipsis",
                                             "decimal.Decimal",
                                             "fractions.Fraction",
                                             "datetime.date",
                                             "datetime.time",
                                             "datetime.datetime",
                                             "datetime.timedelta",
                                             "datetime.timezone",
                                             "uuid.UUID"};
constexpr std::string_view kBareContainers[] = {"list",
                                                "dict",
                                                "tuple",
                                                "set",
                                                "frozenset",
                                                "collections.deque",
                                                "collections.OrderedDict",
                                                "collections.defaultdict",
                                                "collections.Counter",
                                                "mappingproxy",
                                                "hamt",
                                                "hamt_bitmap_node",
                                                "hamt_array_node",
                                                "hamt_collision_node",
                                                "array.array"};
constexpr std::string_view kMachinery[] = {"function",
                                           "builtin_function_or_method",
                                           "method",
                                           "classmethod",
                                           "staticmethod",
                                           "property",
                                           "code",
                                           "cell",
                                           "module",
                                           "weakref",
                                           "weakref.ReferenceType",
                                           "weakref.KeyedRef",
                                           "weakproxy",
                                           "wrapper_descriptor",
                                           "method_descriptor",
                                           "classmethod_descriptor",
                                           "getset_descriptor",
                                           "member_descriptor",
                                           "method-wrapper",
                                           "PyCapsule",
                                           "frame",
                                           "traceback",
                                           "functools.cached_property",
                                           "functools._lru_cache_wrapper",
                                           "operator.itemgetter",
                                           "operator.attrgetter",
                                           "re.Pattern",
                                           "types.GenericAlias",
                                           "types.SimpleNamespace",
                                           "importlib._bootstrap.ModuleSpec",
                                           "_frozen_importlib.ModuleSpec",
                                           "_frozen_importlib_external.SourceFileLoader",
                                           "_frozen_importlib_external.ExtensionFileLoader",
                                           "_frozen_importlib_external.FileFinder",
                                           "_frozen_importlib._ModuleLock",
                                           "inspect.Parameter",
                                           "inspect.Signature",
                                           "dataclasses.Field",
                                           "weakref.WeakKeyDictionary",
                                           "weakref.WeakValueDictionary",
                                           "_weakrefset.WeakSet",
                                           "_abc._abc_data"};
constexpr std::string_view kOwnCaches[] = {
    "re.",         "re._",       "sre_",       "linecache.", "typing.",
    "tokenize.",   "enum.",      "abc.",       "importlib.", "_frozen_importlib",
    "sys.",        "encodings.", "mimetypes.", "html.",      "opcode.",
    "token.",      "keyword.",   "fnmatch.",   "inspect.",   "dis.",
    "copyreg.",    "codecs",     "gettext.",   "interned",   "builtins.",
    "warnings.",   "locale.",    "ast.",       "pkgutil.",   "unicodedata.",
    "stringprep.", "sysconfig.", "signal.",    "errno.",     "http.",
    "_pyrepl."};

template <std::size_t n>
bool among(const std::string_view (&names)[n], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

TypeRole type_role(std::string_view type) {
  if (among(kPlainValues, type)) return TypeRole::plain_value;
  if (among(kBareContainers, type)) return TypeRole::bare_container;
  return among(kMachinery, type) ? TypeRole::machinery : TypeRole::own;
}

TypeRoles::TypeRoles(const HeapGraph& graph) : graph_(graph) {
  roles_.reserve(graph.types.size());
  for (const TypeRecord& type : graph.types) roles_.push_back(type_role(type.name));
}

bool is_own_cache(std::string_view path) {
  return std::any_of(std::begin(kOwnCaches), std::end(kOwnCaches),
                     [&](std::string_view begin) { return path.starts_with(begin); });
}

Unheld find_unheld(const HeapGraph& graph, const ShortestPaths& paths, const TypeRoles& roles,
                   const std::vector<bool>& among) {
  const TypeNames names = type_names(graph);
  std::vector<std::uint64_t> counts(names.names.size());
  Unheld unheld;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    const ObjectId object{i};
    if (paths.has(object) || (!among.empty() && !among[i])) continue;
    unheld.footprint += graph.footprint[i];
    if (roles.of(object) == TypeRole::own) ++counts[names.of(graph, object)];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const bool more = counts[i] > unheld.count ||
                      (counts[i] == unheld.count && counts[i] != 0 && names.names[i] < unheld.type);
    if (!more) continue;
    unheld.count = counts[i];
    unheld.type = names.names[i];
  }
  return unheld;
}

}  // namespace heapglass
