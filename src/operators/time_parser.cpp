// `time_parser`, and the block `timestamp` of parsers.

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/text.h"
#include "operators/entry_parsers.h"

namespace vigia::operators {

namespace {

void check_zone(config::Section& section, std::string_view key, const std::string& name) {
  section.check_when_used(key, [name](FileSystem& files) {
    Result<TimeZone> zone = load_time_zone(files, name, nullptr);
    return zone ? Status() : zone.status();
  });
}

}  // namespace

std::optional<TimeParser> TimeParser::decode(config::Section& section, Decoding& decoding) {
  std::optional<Field> from;
  require_field(section, "parse_from", from);
  std::string layout;
  std::string type = "strptime";
  section.field("layout", layout);
  section.field("layout_type", type);
  if (layout.empty()) section.error("layout", "missing: how the time is written, such as '%Y-%m-%dT%H:%M:%S.%LZ'");
  if (type.empty()) type = "strptime";
  if (type != "strptime" && type != "gotime" && type != "epoch")
    section.error("layout_type", fmt::format("{} is none of strptime, gotime, epoch", type));
  TimeParser parser(from.value_or(Field::all_of(Field::Root::body)), Kind::layout);
  if (type == "epoch") {
    constexpr std::pair<std::string_view, Kind> kinds[] = {
        {"s", Kind::seconds},     {"ms", Kind::milliseconds}, {"us", Kind::microseconds}, {"ns", Kind::nanoseconds},
        {"s.ms", Kind::parts_ms}, {"s.us", Kind::parts_us},   {"s.ns", Kind::parts_ns}};
    auto found = std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& one) { return one.first == layout; });
    if (found != std::end(kinds)) {
      parser.kind_ = found->second;
    } else if (!layout.empty()) {
      section.error("layout", fmt::format("{} is none of s, ms, us, ns, s.ms, s.us, s.ns, which are what epoch times come in", layout));
    }
    section.accept_ignored("location");
  } else if (!layout.empty() && !parser.decode_layout(section, layout, type == "gotime", decoding)) {
    return std::nullopt;
  }
  if (!from || layout.empty()) return std::nullopt;
  return parser;
}

bool TimeParser::decode_layout(config::Section& section, const std::string& text, bool is_go, Decoding& decoding) {
  Result<TimeLayout> layout = is_go ? TimeLayout::from_go(text) : TimeLayout::from_strptime(text);
  if (!layout) {
    section.error("layout", fmt::format("cannot use {}: {}", text, layout.status().message()));
    return false;
  }
  layout_ = std::move(*layout);
  std::string location;
  if (section.field("location", location) && !location.empty()) {
    check_zone(section, "location", location);
  } else {
    location = text.ends_with('Z') ? "UTC" : "Local";
  }
  zone_ = decoding.zones.add(location);
  section.each("time_zone_locations", [&](const std::string& abbreviation, config::Section& value) {
    std::string name;
    if (!value.as_string(name)) return;
    check_zone(value, "", name);
    abbreviations_.emplace_back(abbreviation, decoding.zones.add(name));
  });
  if (!abbreviations_.empty() && !layout_->has_abbreviation())
    section.error("time_zone_locations", "needs a layout with an abbreviation in it, %Z or MST");
  return true;
}

bool TimeParser::apply(Entry& entry, Work& work) const {
  Value value;
  if (!from_.get(entry, work.arena, value)) {
    work.fail("the time's field is missing", from_.text());
    return false;
  }
  if (kind_ != Kind::layout) return apply_epoch(value, entry, work);
  if (!value.is_text()) {
    work.fail("a time must be a text, not", type_name(value.type));
    return false;
  }
  TimeLayout::Abbreviations abbreviations;
  for (const auto& [name, zone] : abbreviations_) abbreviations.emplace_back(name, &work.tools.zones.of(zone));
  std::optional<int64_t> time = layout_->parse(value.text(), work.tools.zones.of(zone_), entry.observed_ns, abbreviations);
  if (!time) {
    work.fail("the time does not have the layout", value.text());
    return false;
  }
  entry.time_ns = *time;
  entry.has_time = true;
  return true;
}

namespace {

constexpr double furthest_ns = 9.2e18;

// "1136214245.123": the part behind the point counts units, it is no fraction; .5 with layout s.ms is 5 ms.
std::optional<int64_t> from_parts(std::string_view text, int64_t unit_ns) {
  size_t point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  std::optional<int64_t> seconds = parse_int(text.substr(0, point));
  std::optional<int64_t> rest = parse_int(text.substr(point + 1));
  if (!seconds || !rest ||
      std::fabs(static_cast<double>(*seconds) * 1e9 + static_cast<double>(*rest) * static_cast<double>(unit_ns)) > furthest_ns)
    return std::nullopt;
  return *seconds * 1'000'000'000 + *rest * unit_ns;
}

std::optional<int64_t> scaled(int64_t count, int64_t unit_ns) {
  if (std::fabs(static_cast<double>(count) * static_cast<double>(unit_ns)) > furthest_ns) return std::nullopt;
  return count * unit_ns;
}

// A float with as many decimals as the unit has.
std::optional<int64_t> rounded(double seconds, int64_t unit_ns) {
  if (!(std::fabs(seconds) * 1e9 < furthest_ns)) return std::nullopt;
  double whole = std::floor(seconds);
  auto units = static_cast<int64_t>(std::nearbyint((seconds - whole) * 1e9 / static_cast<double>(unit_ns)));
  return static_cast<int64_t>(whole) * 1'000'000'000 + units * unit_ns;
}

}  // namespace

bool TimeParser::apply_epoch(const Value& value, Entry& entry, Work& work) const {
  int64_t unit_ns = kind_ == Kind::seconds                                   ? 1'000'000'000
                    : kind_ == Kind::milliseconds || kind_ == Kind::parts_ms ? 1'000'000
                    : kind_ == Kind::microseconds || kind_ == Kind::parts_us ? 1'000
                                                                             : 1;
  bool has_parts = kind_ >= Kind::parts_ms;
  std::optional<int64_t> time;
  if (value.is_text()) {
    std::optional<int64_t> count = has_parts ? std::nullopt : parse_int(value.text());
    time = has_parts ? from_parts(value.text(), unit_ns) : count ? scaled(*count, unit_ns) : std::nullopt;
  } else if (value.type == Value::Type::integer) {
    time = scaled(value.integer, has_parts ? 1'000'000'000 : unit_ns);
  } else if (value.type == Value::Type::floating && has_parts) {
    time = rounded(value.floating, unit_ns);
  } else if (value.type == Value::Type::floating && std::fabs(value.floating) < furthest_ns) {
    time = scaled(static_cast<int64_t>(value.floating), unit_ns);
  }
  if (!time) {
    work.fail("this is no time in the layout's unit", value.is_text() ? value.text() : type_name(value.type));
    return false;
  }
  entry.time_ns = *time;
  entry.has_time = true;
  return true;
}

namespace {

class TimeOperation final : public Operation {
 public:
  explicit TimeOperation(TimeParser parser) : parser_(std::move(parser)) {}
  Outcome apply(Entry& entry, Work& work) const override { return parser_.apply(entry, work) ? Outcome::passed : Outcome::failed; }

 private:
  TimeParser parser_;
};

}  // namespace

OperationPointer decode_time_parser(config::Section& section, Decoding& decoding) {
  std::optional<TimeParser> parser = TimeParser::decode(section, decoding);
  return parser ? std::make_unique<TimeOperation>(std::move(*parser)) : nullptr;
}

}  // namespace vigia::operators
