#pragma once

// How a time is written, compiled from the Collector's layouts: strptime's directives or an example of Go's reference time.
// Names of months and days are English, whatever the machine's locale.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "operators/time_zone.h"

namespace vigia::operators {

class TimeLayout {
 public:
  // "%Y-%m-%dT%H:%M:%S.%LZ". Numbers may have fewer digits and blanks before them.
  static Result<TimeLayout> from_strptime(std::string_view text);
  // "2006-01-02T15:04:05.000Z07:00".
  static Result<TimeLayout> from_go(std::string_view text);

  // Whether it has a place for an abbreviation of a time zone, such as CET.
  bool has_abbreviation() const;

  // Zones that abbreviations stand for, before all others.
  using Abbreviations = std::vector<std::pair<std::string, const TimeZone*>>;
  // Nanoseconds since 1970; nothing when the text is not written like that. `zone` is where it was written when it does not say;
  // without a year it is the one that `now_ns` makes likely.
  std::optional<int64_t> parse(std::string_view text, const TimeZone& zone, int64_t now_ns, const Abbreviations& abbreviations = {}) const;

  enum class Part : uint8_t {
    literal,
    year,        // 2006
    short_year,  // 06
    any_year,    // four digits, else two
    month,       // 1 or 01
    two_digit_month,
    month_name,
    short_month_name,
    weekday,
    short_weekday,
    day,  // 2 or 02
    two_digit_day,
    padded_day,       // _2
    padded_year_day,  // __2
    year_day,         // 002
    hour,             // 15
    hour12,
    two_digit_hour12,
    minute,
    two_digit_minute,
    second,
    two_digit_second,
    upper_half,    // PM
    lower_half,    // pm
    fraction,      // .000, exactly as many digits
    any_fraction,  // .999, any number of digits or nothing
    abbreviation,  // MST
    offset,        // -0700 and its kin, by `width` and `has_colon`
    any_offset,    // all of them, and Z
  };
  struct Element {
    Part part = Part::literal;
    bool skips_space = false;
    bool has_colon = false;  // -07:00
    bool may_be_z = false;   // Z0700
    uint8_t width = 0;       // digits of a fraction, or hours (2), minutes (4), seconds (6) of an offset
    std::string text;        // of a literal
  };

 private:
  std::vector<Element> elements_;
};

}  // namespace vigia::operators
