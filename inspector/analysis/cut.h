// Which reference of a cycle to cut. By its label and whose it is, in this order:
//
//   traceback     .__traceback__ .tb_frame .exc_value: an exception that is kept holds its frames
//   callback      an attribute or item of one (callback, handler, hook, listener, observer, on_…),
//                 or a bound method's .__self__: take it back in close(), or use weakref.WeakMethod
//   parent link   .parent .owner .container .prev .root .master and the like: weakref.ref
//   closure       .cell_contents: a function that refers to itself or to who keeps it
//   cache         .cache, ._cache and the like: a WeakValueDictionary
//   class         .__mro__: every class is in such a cycle; do not make it anew each time
//   last          of none of these: the last attribute of the cycle
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace heapglass {

struct Cut {
  std::size_t step = 0;
  std::string reason;
};

// By the labels of the cycle's references, in its order; not empty.
Cut choose_cut(const std::vector<std::string>& labels);

}  // namespace heapglass
