// Times read by a compiled layout, as Go's time.Parse reads them.

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "operators/civil.h"
#include "operators/time_layout.h"

namespace vigia::operators {

namespace {

using Element = TimeLayout::Element;
using Part = TimeLayout::Part;

constexpr int64_t day_seconds = 86400;

constexpr std::string_view month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view weekday_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The names that are zones by themselves. Other abbreviations mean something only together with a place.
struct KnownZone {
  std::string_view name;
  int32_t seconds_east;
};
constexpr KnownZone known_zones[] = {{"UTC", 0},    {"GMT", 0},    {"UCT", 0},      {"WET", 0},      {"CET", 3600},
                                     {"MET", 3600}, {"EET", 7200}, {"EST", -18000}, {"MST", -25200}, {"HST", -36000}};

class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  bool read(const std::vector<Element>& elements) {
    for (size_t i = 0; i < elements.size(); i++) {
      bool is_fraction_next =
          i + 1 < elements.size() && (elements[i + 1].part == Part::fraction || elements[i + 1].part == Part::any_fraction);
      if (!read_element(elements[i], is_fraction_next)) return false;
    }
    return rest_.empty();
  }
  std::optional<int64_t> time(const TimeZone& zone, int64_t now_ns, const TimeLayout::Abbreviations& abbreviations) const;

 private:
  bool read_element(const Element& element, bool is_fraction_next);
  bool read_date_part(const Element& element);
  bool read_literal(std::string_view literal);
  bool read_name(const std::string_view* names, size_t count, size_t size, int& out);
  bool read_digits(size_t count, int& out);
  bool read_number(bool needs_two, int least, int most, int& out);
  bool read_second(bool needs_two, bool is_fraction_next);
  bool read_fraction(size_t digits);
  bool read_half(std::string_view am, std::string_view pm);
  bool read_offset(const Element& element);
  bool read_offset_digits(uint8_t width, bool has_colon);
  bool read_abbreviation();
  size_t digits_here(size_t at) const {
    size_t count = 0;
    while (at + count < rest_.size() && is_digit(rest_[at + count])) count++;
    return count;
  }

  std::optional<int64_t> local_seconds(int64_t year) const;
  std::optional<int64_t> unix_seconds(int64_t year, const TimeZone& zone, const TimeLayout::Abbreviations& abbreviations) const;

  std::string_view rest_;
  int year_ = 0;
  int month_ = 0;
  int day_ = 0;
  int year_day_ = 0;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  int64_t nanoseconds_ = 0;
  bool is_pm_ = false;
  bool is_am_ = false;
  bool has_offset_ = false;
  int32_t offset_ = 0;
  std::string_view abbreviation_;
};

bool TimeReader::read_element(const Element& element, bool is_fraction_next) {
  if (element.skips_space) {
    while (!rest_.empty() && (rest_.front() == ' ' || (rest_.front() >= '\t' && rest_.front() <= '\r'))) rest_.remove_prefix(1);
  }
  switch (element.part) {
    case Part::literal:
      return read_literal(element.text);
    case Part::hour:
      return read_number(false, 0, 23, hour_);
    case Part::hour12:
    case Part::two_digit_hour12:
      return read_number(element.part == Part::two_digit_hour12, 0, 12, hour_);
    case Part::minute:
    case Part::two_digit_minute:
      return read_number(element.part == Part::two_digit_minute, 0, 59, minute_);
    case Part::second:
    case Part::two_digit_second:
      return read_second(element.part == Part::two_digit_second, is_fraction_next);
    case Part::upper_half:
      return read_half("AM", "PM");
    case Part::lower_half:
      return read_half("am", "pm");
    case Part::fraction:
      return digits_here(1) >= element.width && read_fraction(element.width);
    case Part::any_fraction:
      return rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1]) || read_fraction(digits_here(1));
    case Part::abbreviation:
      return read_abbreviation();
    case Part::offset:
    case Part::any_offset:
      return read_offset(element);
    default:
      return read_date_part(element);
  }
}

bool TimeReader::read_date_part(const Element& element) {
  int ignored;
  switch (element.part) {
    case Part::year:
      return read_digits(4, year_);
    case Part::any_year:
      if (digits_here(0) >= 4) return read_digits(4, year_);
      [[fallthrough]];
    case Part::short_year:
      if (!read_digits(2, year_)) return false;
      year_ += year_ >= 69 ? 1900 : 2000;
      return true;
    case Part::month:
    case Part::two_digit_month:
      return read_number(element.part == Part::two_digit_month, 1, 12, month_);
    case Part::month_name:
      return read_name(month_names, 12, 0, month_) && ++month_;
    case Part::short_month_name:
      return read_name(month_names, 12, 3, month_) && ++month_;
    case Part::weekday:
      return read_name(weekday_names, 7, 0, ignored);
    case Part::short_weekday:
      return read_name(weekday_names, 7, 3, ignored);
    case Part::padded_day:
      if (rest_.starts_with(' ')) rest_.remove_prefix(1);
      return read_number(false, 1, 31, day_);
    case Part::day:
    case Part::two_digit_day:
      return read_number(element.part == Part::two_digit_day, 1, 31, day_);
    case Part::padded_year_day:
      for (int i = 0; i < 2 && rest_.starts_with(' '); i++) rest_.remove_prefix(1);
      return digits_here(0) > 0 && read_digits(std::min<size_t>(digits_here(0), 3), year_day_) && year_day_ > 0;
    case Part::year_day:
      return read_digits(3, year_day_) && year_day_ > 0;
    default:
      return false;
  }
}

// A run of blanks matches any run of blanks, also none at the end.
bool TimeReader::read_literal(std::string_view literal) {
  while (!literal.empty()) {
    if (literal.front() == ' ') {
      if (!rest_.empty() && rest_.front() != ' ') return false;
      while (literal.starts_with(' ')) literal.remove_prefix(1);
      while (rest_.starts_with(' ')) rest_.remove_prefix(1);
      continue;
    }
    if (rest_.empty() || rest_.front() != literal.front()) return false;
    literal.remove_prefix(1);
    rest_.remove_prefix(1);
  }
  return true;
}

// `size` 0: whole names.
bool TimeReader::read_name(const std::string_view* names, size_t count, size_t size, int& out) {
  for (size_t i = 0; i < count; i++) {
    std::string_view name = names[i].substr(0, size == 0 ? names[i].size() : size);
    if (!equals_ignoring_case(rest_.substr(0, name.size()), name)) continue;
    out = static_cast<int>(i);
    rest_.remove_prefix(name.size());
    return true;
  }
  return false;
}

bool TimeReader::read_digits(size_t count, int& out) {
  if (rest_.size() < count) return false;
  int value = 0;
  for (size_t i = 0; i < count; i++) {
    if (!is_digit(rest_[i])) return false;
    value = value * 10 + (rest_[i] - '0');
  }
  out = value;
  rest_.remove_prefix(count);
  return true;
}

// One digit or two.
bool TimeReader::read_number(bool needs_two, int least, int most, int& out) {
  size_t digits = rest_.size() >= 2 && is_digit(rest_[1]) ? 2 : 1;
  if (needs_two && digits == 1) return false;
  return read_digits(digits, out) && out >= least && out <= most;
}

// A fraction that the layout does not mention is taken all the same.
bool TimeReader::read_second(bool needs_two, bool is_fraction_next) {
  if (!read_number(needs_two, 0, 59, second_)) return false;
  if (is_fraction_next || rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1])) return true;
  return read_fraction(digits_here(1));
}

// A point or comma, then digits of which nine count.
bool TimeReader::read_fraction(size_t digits) {
  if (rest_.empty() || (rest_[0] != '.' && rest_[0] != ',')) return false;
  nanoseconds_ = 0;
  for (size_t i = 0; i < 9; i++) nanoseconds_ = nanoseconds_ * 10 + (i < digits ? rest_[1 + i] - '0' : 0);
  rest_.remove_prefix(1 + digits);
  return true;
}

bool TimeReader::read_half(std::string_view am, std::string_view pm) {
  is_am_ = rest_.starts_with(am);
  is_pm_ = rest_.starts_with(pm);
  if (!is_am_ && !is_pm_) return false;
  rest_.remove_prefix(2);
  return true;
}

bool TimeReader::read_offset(const Element& element) {
  if ((element.may_be_z || element.part == Part::any_offset) && rest_.starts_with('Z')) {
    rest_.remove_prefix(1);
    has_offset_ = true;
    offset_ = 0;
    return true;
  }
  if (element.part == Part::offset) return read_offset_digits(element.width, element.has_colon);
  if (rest_.size() > 3 && rest_[3] == ':') return read_offset_digits(4, true);
  return read_offset_digits(digits_here(1) >= 4 ? 4 : 2, false);
}

bool TimeReader::read_offset_digits(uint8_t width, bool has_colon) {
  if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
  bool is_negative = rest_[0] == '-';
  rest_.remove_prefix(1);
  int parts[3] = {};
  for (int i = 0; i * 2 < width; i++) {
    if (i > 0 && has_colon) {
      if (!rest_.starts_with(':')) return false;
      rest_.remove_prefix(1);
    }
    if (!read_digits(2, parts[i]) || parts[i] > (i == 0 ? 24 : 59)) return false;
  }
  offset_ = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (is_negative) offset_ = -offset_;
  has_offset_ = true;
  return true;
}

// Three to five capitals, GMT+3, or +03.
bool TimeReader::read_abbreviation() {
  size_t size = 0;
  if (rest_.starts_with("GMT") && rest_.size() > 4 && (rest_[3] == '+' || rest_[3] == '-')) {
    size = 4 + std::min<size_t>(digits_here(4), 2);
  } else if (rest_.starts_with('+') || rest_.starts_with('-')) {
    size = 1 + digits_here(1);
    if (size != 3 && size != 5) return false;
    return read_offset_digits(static_cast<uint8_t>(size - 1), false);
  } else {
    while (size < rest_.size() && size < 5 && rest_[size] >= 'A' && rest_[size] <= 'Z') size++;
    if (size < 3) return false;
  }
  abbreviation_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

// As the clocks show it.
std::optional<int64_t> TimeReader::local_seconds(int64_t year) const {
  int month = month_ ? month_ : 1;
  int day = day_ ? day_ : 1;
  int hour = hour_;
  if (is_pm_ && hour < 12) hour += 12;
  if (is_am_ && hour == 12) hour = 0;
  int64_t days;
  if (year_day_ > 0) {
    if (year_day_ > (is_leap_year(year) ? 366 : 365)) return std::nullopt;
    days = days_of(year, 1, 1) + year_day_ - 1;
  } else {
    if (day > days_in_month(year_ == 0 ? 0 : year, month)) return std::nullopt;
    days = days_of(year, month, day);
  }
  return days * day_seconds + hour * 3600 + minute_ * 60 + second_;
}

std::optional<int64_t> TimeReader::unix_seconds(int64_t year, const TimeZone& zone, const TimeLayout::Abbreviations& abbreviations) const {
  std::optional<int64_t> local = local_seconds(year);
  if (!local) return std::nullopt;
  if (has_offset_) return *local - offset_;
  if (abbreviation_.empty()) return zone.from_local(*local);
  for (const auto& [name, its_zone] : abbreviations) {
    if (name == abbreviation_) return its_zone->from_local(*local);
  }
  if (abbreviation_ == "UTC") return local;
  if (std::optional<int32_t> offset = zone.offset_of(abbreviation_, *local)) return *local - *offset;
  if (abbreviation_.size() > 3 && abbreviation_.starts_with("GMT")) {
    std::optional<int64_t> hours = parse_int(abbreviation_.substr(abbreviation_[3] == '+' ? 4 : 3));
    return hours && *hours >= -24 && *hours <= 24 ? std::optional(*local - *hours * 3600) : std::nullopt;
  }
  for (const KnownZone& known : known_zones) {
    if (known.name == abbreviation_) return *local - known.seconds_east;
  }
  return std::nullopt;
}

std::optional<int64_t> TimeReader::time(const TimeZone& zone, int64_t now_ns, const TimeLayout::Abbreviations& abbreviations) const {
  constexpr int64_t second_ns = 1'000'000'000;
  constexpr int64_t furthest = INT64_MAX / second_ns - 1;
  std::optional<int64_t> seconds;
  if (year_ != 0) {
    seconds = unix_seconds(year_, zone, abbreviations);
  } else {
    // This year, or the last one when that lies more than a week ahead.
    int64_t now = floor_divide(now_ns, second_ns);
    int64_t year = civil_of(floor_divide(now + zone.at(now).seconds_east, day_seconds)).year;
    seconds = unix_seconds(year, zone, abbreviations);
    if (seconds && *seconds > now + 7 * day_seconds) seconds = unix_seconds(year - 1, zone, abbreviations);
  }
  if (!seconds || *seconds > furthest || *seconds < -furthest) return std::nullopt;
  return *seconds * second_ns + nanoseconds_;
}

}  // namespace

std::optional<int64_t> TimeLayout::parse(std::string_view text, const TimeZone& zone, int64_t now_ns,
                                         const Abbreviations& abbreviations) const {
  TimeReader reader(text);
  if (!reader.read(elements_)) return std::nullopt;
  return reader.time(zone, now_ns, abbreviations);
}

}  // namespace vigia::operators
