// Does it grow? From the sizes that one look after the other found.
//
// Method: the slope of each half of the series is the median of the slopes between any two of its
// points (Theil 1950, Sen 1968), which a few odd looks do not bend. A half grew if its slope over
// its time is more than three times what its points scatter around that line, and worth a mention.
// O(points²): watch keeps some hundreds.
#pragma once

#include <cstdint>
#include <span>

namespace heapglass {

struct TrendPoint {
  double seconds = 0;
  double value = 0;
};

enum class Trend : std::uint8_t {
  unknown,     // too few looks
  steady,      // the second half did not grow
  warming_up,  // it grew, and at less than a third of the first half's rate
  growing
};

struct TrendFound {
  Trend trend = Trend::unknown;
  double per_minute = 0;  // of the second half
};

// `points` by time. Less than `least` over a half is no growth.
TrendFound find_trend(std::span<const TrendPoint> points, double least);

}  // namespace heapglass
