// inspector/analysis/trend.h: does it grow?
#include "inspector/analysis/trend.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

using namespace heapglass;

namespace {

template <class Value>
Trend trend_of(Value value, int looks = 20) {
  std::vector<TrendPoint> points;
  for (int i = 0; i < looks; ++i) points.push_back({10.0 * i, value(i)});
  return find_trend(points, 100).trend;
}

// Ups and downs of up to 1000 without a pattern that a slope could follow.
double noise(int i) { return 1000 * std::sin(i * i * 2.39); }

}  // namespace

TEST_CASE("few looks tell nothing") {
  CHECK(trend_of([](int i) { return 1000.0 * i; }, 3) == Trend::unknown);
}

TEST_CASE("what does not grow is steady, noise or not") {
  CHECK(trend_of([](int) { return 5e6; }) == Trend::steady);
  CHECK(trend_of([](int i) { return 5e6 + noise(i); }) == Trend::steady);
  CHECK(trend_of([](int i) { return 5e6 - 10'000.0 * i; }) == Trend::steady);
  CHECK(trend_of([](int i) { return 5e6 + i; }) == Trend::steady);  // too little to mention
}

TEST_CASE("a leak grows, through noise and through one odd look") {
  CHECK(trend_of([](int i) { return 5e6 + 2000.0 * i + noise(i); }) == Trend::growing);
  CHECK(trend_of([](int i) { return 5e6 + 2000.0 * i + (i == 15 ? 1e6 : 0); }) == Trend::growing);
}

TEST_CASE("what fills and levels off is warming up, and then steady") {
  CHECK(trend_of([](int i) { return 1e6 * (1 - std::exp(-i / 5.0)); }) == Trend::warming_up);
  CHECK(trend_of([](int i) { return 1e6 * (1 - std::exp(-i / 0.5)); }) == Trend::steady);
}

TEST_CASE("the rate is that of the second half") {
  std::vector<TrendPoint> points;
  for (int i = 0; i < 10; ++i) points.push_back({10.0 * i, 600.0 * i});
  CHECK(find_trend(points, 100).per_minute == doctest::Approx(3600));
}
