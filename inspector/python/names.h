// Texts of edge labels, each once: ".__globals__", ".total". The index is what an edge carries.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace heapglass {

// Labels that code, not a row, gives; the index is the position.
enum class FixedName : std::uint32_t {
  class_,
  dict,
  mro,
  bases,
  base,
  cache,
  module,
  name,
  qualname,
  slots,
  subclasses,
  shared_key,
  module_state,
  code,
  func,
  frame,
  locals,
  hidden_locals,
  gi_code,
  gi_frame,
  cr_code,
  cr_frame,
  ag_code,
  ag_frame,
  co_code,
  co_varnames,
  co_cellvars,
  co_freevars,
  member,
  tzinfo,
  utcoff,
  dstoff,
  tzname,
  text,
  tail,
  attrib,
  parent,
  callback,
  element,
  element_type,
  memo,
  literal,
  isolation_level,
  factory,
  type_,
  argtypes,
  converters,
  restype,
  checker,
  pointer_type,
  sock_type,
  error,
  timeout_error,
  array_base,
  array_item,
  mem_handler,
  dtype,
  dtype_type,
  dtype_fields,
  dtype_names,
  dtype_metadata,
  dtype_shape,
  subdtype,
  ufunc_identity,
  ufunc_userloops,
  ufunc_loops,
  first_handler,  // of expat, 22 in the order of pyexpat.c, enum HandlerTypes
  handlers_end = first_handler + 22,
  count = handlers_end
};
// By position. In brackets: what Python has no name for.
inline constexpr std::string_view kFixedNames[] = {".__class__",
                                                   ".__dict__",
                                                   ".__mro__",
                                                   ".__bases__",
                                                   ".__base__",
                                                   "<cache>",
                                                   "<module>",
                                                   ".__name__",
                                                   ".__qualname__",
                                                   "<slots>",
                                                   "<subclasses>",
                                                   "<shared key>",
                                                   "<module state>",
                                                   ".f_code",
                                                   "<function>",
                                                   "<frame>",
                                                   ".f_locals",
                                                   "<f_locals>",
                                                   ".gi_code",
                                                   ".gi_frame",
                                                   ".cr_code",
                                                   ".cr_frame",
                                                   ".ag_code",
                                                   ".ag_frame",
                                                   ".co_code",
                                                   ".co_varnames",
                                                   ".co_cellvars",
                                                   ".co_freevars",
                                                   "<member>",
                                                   ".tzinfo",
                                                   "<utcoff>",
                                                   "<dstoff>",
                                                   "<tzname>",
                                                   ".text",
                                                   ".tail",
                                                   ".attrib",
                                                   "<parent>",
                                                   "<callback>",
                                                   "<element>",
                                                   "<element type>",
                                                   "<memo>",
                                                   "<literal>",
                                                   ".isolation_level",
                                                   "<factory>",
                                                   "._type_",
                                                   "._argtypes_",
                                                   "<converters>",
                                                   "._restype_",
                                                   "<checker>",
                                                   ".__pointer_type__",
                                                   "<Sock_Type>",
                                                   "<error>",
                                                   "<timeout_error>",
                                                   ".base",
                                                   "<item>",
                                                   "<mem_handler>",
                                                   ".dtype",
                                                   ".type",
                                                   "<fields>",
                                                   ".names",
                                                   "<metadata>",
                                                   "<shape>",
                                                   "<subdtype>",
                                                   "<identity>",
                                                   "<userloops>",
                                                   "<loops>",
                                                   ".StartElementHandler",
                                                   ".EndElementHandler",
                                                   ".ProcessingInstructionHandler",
                                                   ".CharacterDataHandler",
                                                   ".UnparsedEntityDeclHandler",
                                                   ".NotationDeclHandler",
                                                   ".StartNamespaceDeclHandler",
                                                   ".EndNamespaceDeclHandler",
                                                   ".CommentHandler",
                                                   ".StartCdataSectionHandler",
                                                   ".EndCdataSectionHandler",
                                                   ".DefaultHandler",
                                                   ".DefaultHandlerExpand",
                                                   ".NotStandaloneHandler",
                                                   ".ExternalEntityRefHandler",
                                                   ".StartDoctypeDeclHandler",
                                                   ".EndDoctypeDeclHandler",
                                                   ".EntityDeclHandler",
                                                   ".XmlDeclHandler",
                                                   ".ElementDeclHandler",
                                                   ".AttlistDeclHandler",
                                                   ".SkippedEntityHandler"};
static_assert(std::size(kFixedNames) == static_cast<std::size_t>(FixedName::count));

class Names {
 public:
  std::uint32_t intern(std::string_view text) {
    const auto [at, fresh] =
        index_.try_emplace(std::string(text), static_cast<std::uint32_t>(texts_.size()));
    if (fresh) texts_.emplace_back(text);
    return at->second;
  }
  const std::string& operator[](std::uint32_t index) const { return texts_[index]; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::unordered_map<std::string, std::uint32_t> index_;
  std::vector<std::string> texts_;
};

}  // namespace heapglass
