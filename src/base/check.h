#pragma once

// CHECK(condition) stops the program when an invariant of ours is broken. It is always on.
// Hostile input must never reach a CHECK: what comes from outside is answered with a Status.

namespace vigia {

[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace vigia

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::vigia::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)
