// What people write for a duration, a size or a count, as numbers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace heapglass {

// "250ms", "1s", "1.5s", "2m", "1h": a unit is needed. nullopt: not one, zero, or above a day.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// "4096", "512K", "512M", "2G", "1.5GiB": powers of 1024. nullopt: not one, zero, or above 2^62.
std::optional<std::uint64_t> parse_size(std::string_view text);

// "20%", "0.5%", "20": percent. nullopt: not one, or above a million.
std::optional<double> parse_percent(std::string_view text);

// "0x7f0123456780"; nullopt for anything else.
std::optional<std::uint64_t> parse_address(std::string_view text);

// Decimal digits only; nullopt for anything else and for what does not fit.
std::optional<std::uint64_t> parse_count(std::string_view text);

}  // namespace heapglass
