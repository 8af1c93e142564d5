// A vector for many megabytes of plain numbers. It does not zero what it grows by, so that a page
// is first touched by whoever fills it; from a megabyte on its memory is reserved without
// commitment and asked for in huge pages (a first touch of 4 KiB costs 1.6 µs and more in a virtual
// machine), so that a generous reserve() costs only what is written.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace heapglass {

template <class T>
struct BigAllocator {
  using value_type = T;

  BigAllocator() = default;
  template <class U>
  BigAllocator(const BigAllocator<U>&) {}  // NOLINT(*-explicit-*): allocators convert

  T* allocate(std::size_t n) {
    if (!large(n)) return std::allocator<T>().allocate(n);
    void* memory = ::mmap(nullptr, n * sizeof(T), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    ::madvise(memory, n * sizeof(T), MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t n) {
    if (!large(n)) return std::allocator<T>().deallocate(memory, n);
    ::munmap(memory, n * sizeof(T));
  }
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;  // not U(): numbers stay as they are
  }
  template <class U, class... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
  bool operator==(const BigAllocator&) const { return true; }

 private:
  static bool large(std::size_t n) { return n >= (std::size_t{1} << 20) / sizeof(T); }
};

template <class T>
using BigVector = std::vector<T, BigAllocator<T>>;

}  // namespace heapglass
