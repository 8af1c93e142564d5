#include "inspector/analysis/trend.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace heapglass {

namespace {

constexpr std::size_t kFewest = 4;  // looks; two in each half
constexpr double kScatters = 3;
constexpr double kSlowing = 3;

double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Half {
  double slope = 0;  // a second
  double rise = 0;   // over its time
  double scatter = 0;
};

Half half_of(std::span<const TrendPoint> points) {
  Half half;
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      const double time = points[j].seconds - points[i].seconds;
      if (time > 0) slopes.push_back((points[j].value - points[i].value) / time);
    }
  }
  half.slope = median(slopes);
  half.rise = half.slope * (points.back().seconds - points.front().seconds);
  std::vector<double> rests;
  for (const TrendPoint& point : points) rests.push_back(point.value - half.slope * point.seconds);
  const double level = median(rests);
  for (double& rest : rests) rest = std::abs(rest - level);
  half.scatter = median(rests);
  return half;
}

bool grew(const Half& half, double least) {
  return half.rise >= least && half.rise > kScatters * half.scatter;
}

}  // namespace

TrendFound find_trend(std::span<const TrendPoint> points, double least) {
  if (points.size() < kFewest) return {};
  // The point in the middle belongs to both.
  const std::size_t middle = points.size() / 2;
  const Half first = half_of(points.first(middle + 1)), second = half_of(points.subspan(middle));
  constexpr double kMinute = 60;
  TrendFound found{Trend::steady, second.slope * kMinute};
  if (!grew(second, least)) return found;
  const bool slows = grew(first, least) && second.slope * kSlowing < first.slope;
  found.trend = slows ? Trend::warming_up : Trend::growing;
  return found;
}

}  // namespace heapglass
