// multidict.MultiDict and CIMultiDict, in which aiohttp and yarl keep headers and parameters
// (aio-libs/multidict 5.0 to 6.2, tried with 6.0.4: multidict/_multilib/dict.h, pair_list.h).
#include "inspector/python/bytes.h"
#include "inspector/python/size.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

// MultiDictObject: PyObject, weaklist, pair_list_t {capacity, size, version, calc_identity or a
// bool, pairs, buffer[29]}.
constexpr std::int64_t kCapacity = 24, kSize = 32, kPairs = 56, kBuffer = 64;
constexpr std::uint64_t kBufferCapacity = 29;
// pair_t: and a hash.
constexpr std::int64_t kIdentity = 0, kKey = 8, kValue = 16;
constexpr std::uint64_t kPairSize = 32;

// `size` pairs in the object or, from 30 on, in a block of its own for `capacity` of them.
struct PairList {
  Address pairs = 0;
  std::uint64_t capacity = 0;
  std::uint64_t size = 0;
  bool inside = true;
};

// Counts the fault, and is empty, where the numbers contradict each other or their mapping.
PairList read_pair_list(const Object& object, const Decoders& decoders) {
  PairList list;
  list.pairs = load_pointer(object.body, kPairs);
  list.capacity = load<std::uint64_t>(object.body, kCapacity);
  list.size = load<std::uint64_t>(object.body, kSize);
  list.inside = list.pairs == object.address + static_cast<Address>(kBuffer);
  if (list.pairs == 0 && list.size == 0) return {};  // made, and not yet filled
  if (list.size > list.capacity || (list.inside && list.capacity > kBufferCapacity) ||
      list.capacity > decoders.mirror.room(list.pairs) / kPairSize) {
    decoders.fault(Fault::bad_table);
    return {};
  }
  return list;
}

}  // namespace

// pair_list_traverse: the identity, the key as it is compared, is not shown.
void visit_multidict(const Object& object, const Decoders& decoders, Sink& sink) {
  const PairList list = read_pair_list(object, decoders);
  if (list.size == 0) return;
  const std::byte* pairs = decoders.mirror.at(list.pairs, list.size * kPairSize);
  if (pairs == nullptr) return decoders.unreadable(list.pairs, list.size * kPairSize);
  for (std::uint64_t i = 0; i < list.size; ++i) {
    const std::byte* pair = pairs + i * kPairSize;
    sink.add(load_pointer(pair, kIdentity), ReferenceKind::owned, LabelKind::key, 0);
    sink.add(load_pointer(pair, kKey), ReferenceKind::collector, LabelKind::key, 0);
    sink.add(load_pointer(pair, kValue), ReferenceKind::collector, LabelKind::value, 0);
  }
}

OwnSize multidict_sizeof(const Object& object, const Decoders& decoders) {
  const auto body = static_cast<std::uint64_t>(object.type->basicsize);
  const PairList list = read_pair_list(object, decoders);
  if (list.inside) return {body, 0};
  const std::uint64_t block = list.capacity * kPairSize;
  OwnSize size{body + block};
  size.own(block);
  return size;
}

}  // namespace heapglass
