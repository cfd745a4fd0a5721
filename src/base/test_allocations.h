#pragma once

// Counts what this thread allocates, for tests of what must not. It asks the address sanitizer: other builds cannot tell, and such tests skip.
//
//   AllocationCount count;
//   …
//   EXPECT_EQ(count.so_far(), 0u);

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
// The compiler has the function, but not its header.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t),
                                                         void (*on_free)(const volatile void*));
#endif

namespace vigia::test {

class AllocationCount {
 public:
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool is_possible = true;
  AllocationCount() {
    static const bool is_installed = __sanitizer_install_malloc_and_free_hooks([](const volatile void*, size_t) { of_this_thread()++; },
                                                                               [](const volatile void*) {}) > 0;
    is_counting_ = is_installed;
  }
#else
  static constexpr bool is_possible = false;
  AllocationCount() = default;
#endif

  bool is_counting() const { return is_counting_; }
  size_t so_far() const { return of_this_thread() - before_; }

 private:
  static size_t& of_this_thread() {
    static thread_local size_t count = 0;
    return count;
  }

  bool is_counting_ = false;
  size_t before_ = of_this_thread();
};

}  // namespace vigia::test
