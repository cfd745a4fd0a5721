#pragma once

// Time zones from the machine's time zone database (TZif files, RFC 8536).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace vigia::operators {

// What is in force from a moment on.
struct ZoneOffset {
  int32_t seconds_east = 0;
  std::string abbreviation = "UTC";
};

class TimeZone {
 public:
  // UTC.
  TimeZone() = default;
  // The content of a TZif file.
  static Result<TimeZone> parse(std::string_view content);
  // A fixed zone.
  static TimeZone fixed(int32_t seconds_east, std::string abbreviation);

  const ZoneOffset& at(int64_t unix_seconds) const;
  // The moment at which the clocks of this zone show a date and time, given as if it were one in UTC.
  int64_t from_local(int64_t local_seconds) const;
  // The offset that an abbreviation such as "CEST" stands for here, preferably the one in force then.
  std::optional<int32_t> offset_of(std::string_view abbreviation, int64_t local_seconds) const;

 private:
  struct Rule;

  std::vector<ZoneOffset> offsets_ = {{}};
  // Each with the offset in force from then on; before the first one it is offsets_[first_offset_].
  std::vector<std::pair<int64_t, uint8_t>> transitions_;
  uint8_t first_offset_ = 0;
  // What holds after the last transition: the two halves of a year, when there are two.
  std::shared_ptr<const Rule> rule_;
};

// "" and "UTC" need no file, "Local" is the machine's own zone.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
Result<TimeZone> load_time_zone(FileSystem& files, const std::string& name, const Variables& variables);

// The zones that a chain names; an operation keeps the number.
class ZoneNames {
 public:
  size_t add(std::string_view name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

// The same zones, loaded.
class ZoneSet {
 public:
  static Result<ZoneSet> load(FileSystem& files, const ZoneNames& names, const Variables& variables);
  const TimeZone& of(size_t number) const { return zones_[number]; }

 private:
  std::vector<TimeZone> zones_;
};

}  // namespace vigia::operators
