// zoneinfo.ZoneInfo (Modules/_zoneinfo.c): an array of _ttinfo {utcoff, dstoff, tzname} that it
// owns, and the two of the rule for the time after the last transition.
#include "inspector/python/bytes.h"
#include "inspector/python/visit.h"

namespace heapglass {

namespace {

void add_ttinfo(const std::byte* ttinfo, const Layout& layout, Sink& sink) {
  const auto hidden = [&](Fact field, FixedName name) {
    sink.add(load_pointer(ttinfo, layout[field]), ReferenceKind::owned, name);
  };
  hidden(Fact::_ttinfo_utcoff, FixedName::utcoff);
  hidden(Fact::_ttinfo_dstoff, FixedName::dstoff);
  hidden(Fact::_ttinfo_tzname, FixedName::tzname);
}

}  // namespace

// A list of nodes {next, prev, key, zone}, of ZONEINFO_STRONG_CACHE_MAX_SIZE (8) at most.
void visit_zoneinfo_cache(Address state, const Decoders& decoders, Sink& sink) {
  constexpr int kMostNodes = 64;
  const Layout& layout = decoders.layout;
  if (!layout.has(Fact::zoneinfo_state_ZONEINFO_STRONG_CACHE)) return;
  const std::byte* head = decoders.mirror.at(
      state + static_cast<Address>(layout[Fact::zoneinfo_state_ZONEINFO_STRONG_CACHE]),
      sizeof(Address));
  Address node = head == nullptr ? 0 : load_pointer(head);
  for (int i = 0; node != 0; ++i) {
    const std::byte* bytes =
        decoders.mirror.at(node, static_cast<std::size_t>(layout[Fact::sizeof_StrongCacheNode]));
    if (bytes == nullptr || i == kMostNodes) return decoders.fault(Fault::broken_chain);
    for (const Fact field : {Fact::StrongCacheNode_key, Fact::StrongCacheNode_zone}) {
      sink.add(load_pointer(bytes, layout[field]), ReferenceKind::collector, FixedName::cache);
    }
    node = load_pointer(bytes, layout[Fact::StrongCacheNode_next]);
  }
}

void visit_zoneinfo(const Object& object, const Decoders& decoders, Sink& sink) {
  const Layout& layout = decoders.layout;
  add_ttinfo(object.body + layout[Fact::PyZoneInfo_ZoneInfo_tzrule_after_std], layout, sink);
  if (load<std::uint8_t>(object.body, layout[Fact::PyZoneInfo_ZoneInfo_tzrule_after_std_only]) ==
      0) {
    add_ttinfo(object.body + layout[Fact::PyZoneInfo_ZoneInfo_tzrule_after_dst], layout, sink);
  }
  const auto count =
      load<std::uint64_t>(object.body, layout[Fact::PyZoneInfo_ZoneInfo_num_ttinfos]);
  const Address array = load_pointer(object.body, layout[Fact::PyZoneInfo_ZoneInfo__ttinfos]);
  const auto stride = static_cast<std::uint64_t>(layout[Fact::sizeof__ttinfo]);
  if (array == 0 || count == 0) return;
  if (count > decoders.mirror.room(array) / stride) return decoders.fault(Fault::absurd_size);
  const std::byte* bytes = decoders.mirror.at(array, count * stride);
  if (bytes == nullptr) return decoders.unreadable(array);
  for (std::uint64_t i = 0; i < count; ++i) add_ttinfo(bytes + i * stride, layout, sink);
}

}  // namespace heapglass
