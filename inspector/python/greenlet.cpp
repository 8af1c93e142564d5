// greenlet.greenlet, on which gevent and SQLAlchemy's asyncio extension stand (python-greenlet 2.0
// to 3.5, tried with 2.0.2: src/greenlet/greenlet.h, TGreenlet.hpp, TStackState.cpp). What it holds
// stands in a C++ object of its own, whose end differs from version to version: that is read
// conservatively.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

constexpr std::int64_t kWord = sizeof(Address);

Address implementation(const Object& object) {
  constexpr std::int64_t kPimpl = 32;  // PyGreenlet: PyObject, weakreflist, dict, pimpl
  return load_pointer(object.body, kPimpl);
}

// How many bytes the pymalloc block has that begins at `block`; 0 if none does.
std::int64_t pool_block(Address block, const Decoders& decoders) {
  const Layout& layout = decoders.layout;
  const auto header = static_cast<Address>(layout[Fact::sizeof_pool_header]);
  const auto alignment = static_cast<Address>(layout[Fact::pymalloc_ALIGNMENT]);
  constexpr Address kMostSizes = 32;
  const Address from_pool = block % static_cast<Address>(layout[Fact::pymalloc_POOL_SIZE]);
  const std::byte* head = decoders.mirror.at(block - from_pool, header);
  if (head == nullptr || from_pool < header) return 0;
  const Address index = load<std::uint32_t>(head, layout[Fact::pool_header_szidx]);
  if (index >= kMostSizes || (from_pool - header) % ((index + 1) * alignment) != 0) return 0;
  return static_cast<std::int64_t>((index + 1) * alignment);
}

}  // namespace

// green_is_gc, its tp_is_gc, says no while it is in the middle of its function, and it is never
// garbage then. (And yes again, unlike here, once its thread has ended.)
bool greenlet_suspended(const Object& object, const Decoders& decoders) {
  constexpr std::size_t kMostWords = 11;
  const std::byte* greenlet =
      decoders.mirror.at(implementation(object), kMostWords * static_cast<std::size_t>(kWord));
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

// Its parent, the function that it will run, arguments, context, exception, and its frame.
void visit_greenlet(const Object& object, const Decoders& decoders, Sink& sink) {
  const Address block = implementation(object);
  const std::int64_t size = pool_block(block, decoders);
  const std::byte* bytes = decoders.mirror.at(block, static_cast<std::size_t>(size));
  if (bytes == nullptr) return;
  for (std::int64_t at = 0; at < size; at += kWord) {
    const Address word = load_pointer(bytes, at);
    if (word != object.address && looks_like_object(word, decoders)) {
      sink.add(word, ReferenceKind::inferred, LabelKind::unnamed, 0);
    }
  }
}

}  // namespace heapglass
