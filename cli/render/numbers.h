// Numbers for people. JSON and CSV have them exactly.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace heapglass {

std::string thousands(std::uint64_t value);                       // 1,234,567
std::string human_bytes(std::uint64_t bytes);                     // 999 B, 1.2 GB (10^9), 350 MB
std::string human_ms(double milliseconds);                        // 0.3 ms, 12.3 ms, 1.2 s
std::string human_age(double seconds);                            // 42s, 12m, 3h 05m, 12d 4h
std::string percent(std::uint64_t part, std::uint64_t whole);     // 37 %, <1 %
std::string signed_thousands(std::int64_t value);                 // +1,234, -5, 0
std::string signed_bytes(std::int64_t bytes);                     // +1.2 GB, -5 B, 0 B
std::string count_of(std::uint64_t n, const char* what);          // 1 thread, 8 threads
std::string iso_utc(std::chrono::system_clock::time_point when);  // 2026-11-22T09:00:00Z

}  // namespace heapglass
