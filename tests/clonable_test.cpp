#include "inspector/target/clonable.h"

#include <doctest/doctest.h>

using namespace heapglass;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kGiga = 1 << 30;

CloneFacts good() {
  CloneFacts facts;
  facts.private_bytes = kGiga;
  facts.free_memory = 2 * kGiga;
  return facts;
}

bool tells(const CloneFacts& facts, const std::string& part) {
  const auto reason = why_not_clonable(facts);
  return reason && reason->find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what stands in the way of a twin is named") {
  CHECK_FALSE(why_not_clonable(good()));
  CloneFacts facts = good();
  facts.seccomp = true;
  CHECK(tells(facts, "CAP_SYS_ADMIN"));
  facts.may_suspend = true;
  CHECK_FALSE(why_not_clonable(facts));

  facts = good();
  facts.free_memory = kGiga / 4;  // and nothing for page tables
  CHECK(tells(facts, "memory limit"));

  facts = good();
  facts.free_pids = 1;
  CHECK_FALSE(why_not_clonable(facts));
  facts.free_pids = 0;
  CHECK(tells(facts, "pids.max"));

  facts = good();
  facts.x86_64 = false;
  CHECK(tells(facts, "x86-64"));
}

TEST_CASE("the pause of a clone grows with the page tables and the threads") {
  const auto one = estimate_clone(good());
  CHECK(one > 20ms);
  CHECK(one < 60ms);
  CloneFacts facts = good();
  facts.private_bytes *= 4;
  CHECK(estimate_clone(facts) > 3 * one);
  facts = good();
  facts.threads = 1001;
  CHECK(estimate_clone(facts) >= one + 20ms);
}
