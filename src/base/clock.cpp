#include "base/clock.h"

#include <ctime>

#include <fmt/core.h>

#include "base/check.h"

namespace vigia {

namespace {

int64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace

int64_t SystemClock::steady_ns() const { return read_clock(CLOCK_MONOTONIC); }
int64_t SystemClock::wall_ns() const { return read_clock(CLOCK_REALTIME); }

std::string format_rfc3339(int64_t wall_ns, int digits) {
  CHECK(digits >= 0 && digits <= 9);
  int64_t seconds = wall_ns / 1'000'000'000;
  int64_t fraction = wall_ns % 1'000'000'000;
  if (fraction < 0) {
    fraction += 1'000'000'000;
    seconds--;
  }
  time_t when = seconds;
  tm parts{};
  gmtime_r(&when, &parts);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                                 parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (digits > 0) text += "." + fmt::format("{:09}", fraction).substr(0, static_cast<size_t>(digits));
  return text + "Z";
}

void pause_thread_ms(int64_t ms) {
  timespec left{ms / 1000, (ms % 1000) * 1'000'000};
  while (nanosleep(&left, &left) != 0) {
  }
}

}  // namespace vigia
