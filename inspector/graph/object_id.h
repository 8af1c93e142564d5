// Dense numbers of objects and types, which no arithmetic mixes up.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heapglass {

enum class ObjectId : std::uint32_t {};
enum class TypeId : std::uint32_t {};

constexpr std::size_t index(ObjectId id) { return static_cast<std::size_t>(id); }
constexpr std::size_t index(TypeId id) { return static_cast<std::size_t>(id); }

}  // namespace heapglass
