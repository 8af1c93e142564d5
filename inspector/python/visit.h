// The one function that knows an object's references.
//
// For most types it runs the type's fields (rows.h, and what a class adds: slots, __dict__, values
// without a dict); for the shapes that need code it calls that shape's file. Counting, filling,
// labelling and verifying are sinks of this visit, so that they cannot drift apart.
#pragma once

#include "inspector/python/decoders.h"
#include "inspector/python/reference.h"

namespace heapglass {

// Every reference that the object owns, in the order of its fields and items. Lengths are clamped;
// a table that contradicts itself is counted and shows nothing.
void visit(const Object& object, const Decoders& decoders, Sink& sink);

// Whether the bytes at `address` look like an object in use: known type, a count that can be. Used
// where references are inferred.
bool looks_like_object(Address address, const Decoders& decoders);

// The shapes; each in the file of its name.
void visit_tuple(const Object&, const Decoders&, Sink&);
void visit_structseq(const Object&, const Decoders&, Sink&);
void visit_list(const Object&, const Decoders&, Sink&);
void visit_dict(const Object&, const Decoders&, Sink&);
// Whether a split dict's values stand inside the instance that it was made for (3.13+). dict.cpp
bool values_are_embedded(const Object& dict, const Decoders&);
void visit_odict(const Object&, const Decoders&, Sink&);
void visit_set(const Object&, const Decoders&, Sink&);
void visit_type(const Object&, const Decoders&, Sink&);
void visit_module(const Object&, const Decoders&, Sink&);
void visit_code(const Object&, const Decoders&, Sink&);
void visit_frame(const Object&, const Decoders&, Sink&);
void visit_generator(const Object&, const Decoders&, Sink&);
void visit_deque(const Object&, const Decoders&, Sink&);
void visit_lru_element(const Object& object, const Decoders& decoders, Sink& sink);
void visit_lru_cache(const Object&, const Decoders&, Sink&);
void visit_hamt(const Object&, const Decoders&, Sink&);
void visit_tee_data(const Object&, const Decoders&, Sink&);
void visit_zoned(const Object&, const Decoders&, Sink&, Fact hastzinfo,
                 Fact tzinfo);  // datetime.cpp
// The cache in the state of module _zoneinfo, which its traversal shows.
void visit_zoneinfo_cache(Address state, const Decoders&, Sink&);
// The functions in the state of module atexit, likewise (up to 3.9).
void visit_atexit_callbacks(Address state, const Decoders&, Sink&);
void visit_zoneinfo(const Object&, const Decoders&, Sink&);
void visit_template(const Object&, const Decoders&, Sink&);  // re.cpp
void visit_simple_queue(const Object&, const Decoders&, Sink&);
void visit_pickler(const Object&, const Decoders&, Sink&);
void visit_unpickler(const Object&, const Decoders&, Sink&);
void visit_pickle_stack(const Object&, const Decoders&, Sink&);
void visit_element(const Object&, const Decoders&, Sink&);
void visit_element_iterator(const Object&, const Decoders&, Sink&);
void visit_xml_parser(const Object&, const Decoders&, Sink&);
void visit_sqlite_connection(const Object&, const Decoders&, Sink&);
void visit_sqlite_cache(const Object&, const Decoders&, Sink&);
void visit_ctypes_type(const Object&, const Decoders&, Sink&);
void visit_multidict(const Object&, const Decoders&, Sink&);
void visit_numpy_array(const Object&, const Decoders&, Sink&);
void visit_numpy_dtype(const Object&, const Decoders&, Sink&);
void visit_numpy_ufunc(const Object&, const Decoders&, Sink&);
void visit_numpy_scalar(const Object&, const Decoders&, Sink&);
void visit_greenlet(const Object&, const Decoders&, Sink&);
// The StgInfo behind a type of ctypes (3.13+); null: it has none. ctypes.cpp
const std::byte* stg_info(const Object&, const Decoders&);
void visit_capsule(const Object&, const Decoders&, Sink&);
// What the maps in the state of module _decimal refer to, which its traversal shows. decimal.cpp
void visit_decimal_maps(Address state, const Decoders&, Sink&);
// Instance attributes that stand in no slot: managed or negative-offset dicts, values without one.
void visit_attributes(const Object&, const Decoders&, Sink&);
void visit_inferred(const Object&, const Decoders&, Sink&);

}  // namespace heapglass
