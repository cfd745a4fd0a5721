#include "operators/time_zone.h"

#include <algorithm>

#include "base/text.h"
#include "operators/civil.h"

namespace vigia::operators {

namespace {

constexpr int64_t day_seconds = 86400;

// Reads big-endian numbers, and notes when there are none left.
class Bytes {
 public:
  explicit Bytes(std::string_view content) : rest_(content) {}
  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }

  std::string_view take(size_t count) {
    if (rest_.size() < count) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string_view result = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return result;
  }
  int64_t number(size_t bytes) {
    uint64_t value = 0;
    std::string_view text = take(bytes);
    for (char c : text) value = value << 8 | static_cast<unsigned char>(c);
    return bytes == 4 ? static_cast<int32_t>(static_cast<uint32_t>(value)) : static_cast<int64_t>(value);
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Counts {
  size_t ut_local, standard, leaps, transitions, offsets, abbreviation_bytes;

  size_t data_bytes(size_t time_bytes) const {
    return transitions * (time_bytes + 1) + offsets * 6 + abbreviation_bytes + leaps * (time_bytes + 4) + standard + ut_local;
  }
};

bool read_header(Bytes& in, char& version, Counts& counts) {
  constexpr int64_t most = 100'000;
  if (in.take(4) != "TZif") return false;
  std::string_view head = in.take(16);
  if (head.empty()) return false;
  version = head[0];
  for (size_t* count :
       {&counts.ut_local, &counts.standard, &counts.leaps, &counts.transitions, &counts.offsets, &counts.abbreviation_bytes}) {
    int64_t value = in.number(4);
    if (value < 0 || value > most) return false;
    *count = static_cast<size_t>(value);
  }
  return in.ok() && counts.offsets > 0 && counts.offsets <= 256;
}

Status broken() { return invalid_argument("not a time zone file"); }

}  // namespace

// A POSIX TZ text: what the clocks do every year.
struct TimeZone::Rule {
  // Month 0: `day` counts from 1 without leap days (Jn); month -1: from 0 with them; else the weekday of a week of a month.
  struct Date {
    int month = 0;
    int week = 0;
    int day = 0;
    int64_t second = 7200;

    // When it is, in seconds since 1970 of the clocks that show it.
    int64_t in_year(int64_t year) const;
  };

  ZoneOffset standard;
  ZoneOffset summer;
  bool has_summer = false;
  Date begins;
  Date ends;

  const ZoneOffset& at(int64_t unix_seconds) const;
  static std::shared_ptr<const Rule> parse(std::string_view text);
};

namespace {

using Text = std::string_view;

bool take(Text& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool take_number(Text& text, int64_t most, int64_t& out) {
  size_t digits = 0;
  out = 0;
  while (digits < text.size() && digits < 4 && text[digits] >= '0' && text[digits] <= '9') out = out * 10 + (text[digits++] - '0');
  text.remove_prefix(digits);
  return digits > 0 && out <= most;
}

// "5", "-3:30", "+167:00:00".
bool take_time(Text& text, int64_t& seconds) {
  bool is_negative = take(text, '-');
  if (!is_negative) take(text, '+');
  int64_t hours, part;
  if (!take_number(text, 167, hours)) return false;
  seconds = hours * 3600;
  if (take(text, ':')) {
    if (!take_number(text, 59, part)) return false;
    seconds += part * 60;
    if (take(text, ':')) {
      if (!take_number(text, 59, part)) return false;
      seconds += part;
    }
  }
  if (is_negative) seconds = -seconds;
  return true;
}

// "CET", "<+03>".
bool take_abbreviation(Text& text, std::string& out) {
  bool is_quoted = take(text, '<');
  size_t size = 0;
  while (size < text.size() && size < 16 && (is_quoted ? text[size] != '>' : (text[size] | 32) >= 'a' && (text[size] | 32) <= 'z')) size++;
  out = text.substr(0, size);
  text.remove_prefix(size);
  return size > 0 && (!is_quoted || take(text, '>'));
}

}  // namespace

int64_t TimeZone::Rule::Date::in_year(int64_t year) const {
  int64_t first = days_of(year, 1, 1);
  if (month == 0) return (first + day - 1 + (is_leap_year(year) && day >= 60 ? 1 : 0)) * day_seconds + second;
  if (month < 0) return (first + day) * day_seconds + second;
  int64_t month_begin = days_of(year, month, 1);
  int64_t day_of_month = 1 + (day - weekday_of(month_begin) + 7) % 7 + (week - 1) * 7;
  while (day_of_month > days_in_month(year, month)) day_of_month -= 7;
  return (month_begin + day_of_month - 1) * day_seconds + second;
}

const ZoneOffset& TimeZone::Rule::at(int64_t unix_seconds) const {
  if (!has_summer) return standard;
  int64_t year = civil_of(floor_divide(unix_seconds + standard.seconds_east, day_seconds)).year;
  int64_t begin = begins.in_year(year) - standard.seconds_east;
  int64_t end = ends.in_year(year) - summer.seconds_east;
  bool is_summer = begin < end ? unix_seconds >= begin && unix_seconds < end : unix_seconds >= begin || unix_seconds < end;
  return is_summer ? summer : standard;
}

std::shared_ptr<const TimeZone::Rule> TimeZone::Rule::parse(std::string_view text) {
  auto rule = std::make_shared<Rule>();
  int64_t seconds_west;
  if (!take_abbreviation(text, rule->standard.abbreviation) || !take_time(text, seconds_west)) return nullptr;
  rule->standard.seconds_east = static_cast<int32_t>(-seconds_west);
  if (text.empty()) return rule;
  rule->has_summer = true;
  if (!take_abbreviation(text, rule->summer.abbreviation)) return nullptr;
  seconds_west -= 3600;
  if (!text.empty() && text.front() != ',' && !take_time(text, seconds_west)) return nullptr;
  rule->summer.seconds_east = static_cast<int32_t>(-seconds_west);
  for (Date* date : {&rule->begins, &rule->ends}) {
    int64_t number;
    if (!take(text, ',')) return nullptr;
    if (take(text, 'M')) {
      int64_t month, week, day;
      if (!take_number(text, 12, month) || month < 1 || !take(text, '.') || !take_number(text, 5, week) || week < 1 || !take(text, '.') ||
          !take_number(text, 6, day))
        return nullptr;
      *date = {static_cast<int>(month), static_cast<int>(week), static_cast<int>(day)};
    } else {
      bool is_julian = take(text, 'J');
      if (!take_number(text, 365, number)) return nullptr;
      *date = {is_julian ? 0 : -1, 0, static_cast<int>(number)};
    }
    if (take(text, '/') && !take_time(text, date->second)) return nullptr;
  }
  return text.empty() ? rule : nullptr;
}

Result<TimeZone> TimeZone::parse(std::string_view content) {
  Bytes in(content);
  char version;
  Counts counts;
  if (!read_header(in, version, counts)) return broken();
  size_t time_bytes = 4;
  if (version >= '2') {
    // The same again with times of eight bytes, which is the part to read.
    in.take(counts.data_bytes(4));
    if (!read_header(in, version, counts)) return broken();
    time_bytes = 8;
  }
  TimeZone zone;
  std::vector<int64_t> times;
  for (size_t i = 0; i < counts.transitions; i++) times.push_back(in.number(time_bytes));
  std::string_view places = in.take(counts.transitions);
  Bytes offsets(in.take(counts.offsets * 6));
  std::string_view abbreviations = in.take(counts.abbreviation_bytes);
  in.take(counts.leaps * (time_bytes + 4) + counts.standard + counts.ut_local);
  if (!in.ok() || !std::is_sorted(times.begin(), times.end())) return broken();
  zone.offsets_.clear();
  for (size_t i = 0; i < counts.offsets; i++) {
    auto seconds = static_cast<int32_t>(offsets.number(4));
    offsets.take(1);
    auto start = static_cast<unsigned char>(offsets.take(1)[0]);
    if (start >= abbreviations.size() || seconds < -day_seconds || seconds > day_seconds) return broken();
    std::string_view name = abbreviations.substr(start);
    zone.offsets_.push_back({seconds, std::string(name.substr(0, name.find('\0')))});
  }
  for (size_t i = 0; i < times.size(); i++) {
    auto place = static_cast<unsigned char>(places[i]);
    if (place >= zone.offsets_.size()) return broken();
    zone.transitions_.emplace_back(times[i], place);
  }
  std::string_view footer = in.rest();
  if (time_bytes == 8 && footer.size() > 2 && footer.front() == '\n' && footer.back() == '\n')
    zone.rule_ = Rule::parse(footer.substr(1, footer.size() - 2));
  return zone;
}

TimeZone TimeZone::fixed(int32_t seconds_east, std::string abbreviation) {
  TimeZone zone;
  zone.offsets_ = {{seconds_east, std::move(abbreviation)}};
  return zone;
}

const ZoneOffset& TimeZone::at(int64_t unix_seconds) const {
  if (transitions_.empty() || unix_seconds < transitions_.front().first) {
    return transitions_.empty() && rule_ ? rule_->at(unix_seconds) : offsets_[first_offset_];
  }
  if (rule_ && unix_seconds >= transitions_.back().first) return rule_->at(unix_seconds);
  auto next = std::upper_bound(transitions_.begin(), transitions_.end(), unix_seconds,
                               [](int64_t time, const auto& transition) { return time < transition.first; });
  return offsets_[std::prev(next)->second];
}

// The moment is looked for with the offset at the same number of seconds, and again with the one that holds there: as Go does it, which
// decides about the hours that the clocks skip or show twice.
int64_t TimeZone::from_local(int64_t local_seconds) const {
  int32_t offset = at(local_seconds).seconds_east;
  if (offset != 0) offset = at(local_seconds - offset).seconds_east;
  return local_seconds - offset;
}

std::optional<int32_t> TimeZone::offset_of(std::string_view abbreviation, int64_t local_seconds) const {
  std::optional<int32_t> any;
  for (const ZoneOffset& offset : offsets_) {
    if (offset.abbreviation != abbreviation) continue;
    const ZoneOffset& there = at(local_seconds - offset.seconds_east);
    if (there.abbreviation == abbreviation) return there.seconds_east;
    if (!any) any = offset.seconds_east;
  }
  return any;
}

namespace {

bool is_zone_name(std::string_view name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string_view::npos && name.find('\\') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

constexpr size_t max_zone_file_bytes = 1 << 20;

Result<TimeZone> load_file(FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string content, files.read_small_file(path, max_zone_file_bytes));
  Result<TimeZone> zone = TimeZone::parse(content);
  if (!zone) return std::move(zone).status().with_context("cannot use " + path);
  return zone;
}

Result<TimeZone> load_named(FileSystem& files, const std::string& name) {
  if (!is_zone_name(name)) return invalid_argument("cannot use time zone " + name + ": not a name such as Europe/Madrid");
  Result<TimeZone> zone = load_file(files, "/usr/share/zoneinfo/" + name);
  if (!zone) return not_found("cannot load time zone " + name + ": " + zone.status().message() + " (it comes with the package tzdata)");
  return zone;
}

// As Go finds it: TZ when it is set (empty is UTC), else /etc/localtime, else UTC.
TimeZone load_local(FileSystem& files, const Variables& variables) {
  std::optional<std::string> name = variables ? variables("TZ") : std::nullopt;
  Result<TimeZone> zone = TimeZone();
  if (!name) {
    zone = load_file(files, "/etc/localtime");
  } else {
    if (name->starts_with(':')) name->erase(0, 1);
    if (!name->empty() && *name != "UTC") zone = name->front() == '/' ? load_file(files, *name) : load_named(files, *name);
  }
  return zone ? *zone : TimeZone();
}

}  // namespace

Result<TimeZone> load_time_zone(FileSystem& files, const std::string& name, const Variables& variables) {
  if (name.empty() || name == "UTC") return TimeZone();
  if (name == "Local") return load_local(files, variables);
  return load_named(files, name);
}

size_t ZoneNames::add(std::string_view name) {
  auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<size_t>(found - names_.begin());
  names_.emplace_back(name);
  return names_.size() - 1;
}

Result<ZoneSet> ZoneSet::load(FileSystem& files, const ZoneNames& names, const Variables& variables) {
  ZoneSet set;
  for (const std::string& name : names.names()) {
    ASSIGN_OR_RETURN(TimeZone zone, load_time_zone(files, name, variables));
    set.zones_.push_back(std::move(zone));
  }
  return set;
}

}  // namespace vigia::operators
