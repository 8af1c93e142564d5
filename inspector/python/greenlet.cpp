// greenlet.greenlet, on which gevent and SQLAlchemy's asyncio extension stand (python-greenlet 2.0
// to 3.5: src/greenlet/greenlet.h, TGreenlet.hpp, TStackState.cpp). What it holds is read
// conservatively.
#include "inspector/python/bytes.h"
#include "inspector/python/decoders.h"

namespace heapglass {

// green_is_gc, its tp_is_gc, says no while it is in the middle of its function, and it is never
// garbage then. (And yes again, unlike here, once its thread has ended.)
bool greenlet_suspended(const Object& object, const Decoders& decoders) {
  constexpr std::int64_t kWord = sizeof(Address);
  constexpr std::int64_t kPimpl = 32;  // PyGreenlet: PyObject, weakreflist, dict, pimpl
  constexpr std::size_t kMostWords = 11;
  const std::byte* greenlet = decoders.mirror.at(load_pointer(object.body, kPimpl),
                                                 kMostWords * static_cast<std::size_t>(kWord));
  if (greenlet == nullptr) return false;
  // Greenlet: virtual table; from 3.1 on the object itself; exc_info; exc_state, whose struct is
  // CPython's; switch_args, two pointers; stack_state: _stack_start, stack_stop.
  const std::int64_t self = load_pointer(greenlet, kWord) == object.address ? 1 : 0;
  const std::int64_t exc_state =
      decoders.layout.has(Fact::PyGenObject_gi_exc_state_exc_type) ? 4 : 2;
  const std::int64_t stack_state = (1 + self + 1 + exc_state + 2) * kWord;
  constexpr Address kMain = ~Address{0};
  return load_pointer(greenlet, stack_state) != 0 &&
         load_pointer(greenlet, stack_state + kWord) != kMain;
}

}  // namespace heapglass
