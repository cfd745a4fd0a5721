// `syslog_parser`.

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "operators/parser_operation.h"
#include "operators/syslog_message.h"

namespace vigia::operators {

namespace {

enum class Protocol : uint8_t { rfc5424, rfc3164, none };

struct SyslogSettings {
  Protocol protocol = Protocol::rfc5424;
  size_t zone = 0;
  bool counts_octets = false;
  bool may_lack_priority = false;
  char trailer = '\0';  // NUL is written as 1 here, since 0 is none
  size_t max_octets = 8192;
};
constexpr char nul_trailer = 1;

// OTLP's number and the keyword for syslog's severities 0 to 7.
struct SyslogSeverity {
  uint8_t number;
  std::string_view text;
};
constexpr SyslogSeverity severities[] = {{21, "emerg"},   {19, "alert"},  {18, "crit"}, {17, "err"},
                                         {13, "warning"}, {10, "notice"}, {9, "info"},  {5, "debug"}};

class SyslogOperation final : public Operation {
 public:
  SyslogOperation(ParserSettings settings, SyslogSettings syslog)
      : settings_(std::move(settings)),
        syslog_(syslog),
        stamp_layout_(TimeLayout::from_go("Jan _2 15:04:05").value()),
        time_layout_(TimeLayout::from_go("2006-01-02T15:04:05.999999Z07:00").value()) {}

  Outcome apply(Entry& entry, Work& work) const override {
    Value from;
    if (!settings_.parse_from.get(entry, work.arena, from)) return work.fail("the field to parse is missing", settings_.parse_from.text());
    if (!from.is_text()) return work.fail("only a text can be parsed, not", type_name(from.type));
    std::string_view text = from.text();
    if (!unframe(text, work)) return Outcome::failed;
    SyslogMessage message;
    if (syslog_.protocol == Protocol::none) {
      std::string_view rest = text;
      message.priority = take_priority(rest);
      message.message = text;
    } else {
      std::string_view error = syslog_.protocol == Protocol::rfc5424 ? read_rfc5424(text, !syslog_.may_lack_priority, work.arena, message)
                                                                     : read_rfc3164(text, !syslog_.may_lack_priority, message);
      if (!error.empty()) return work.fail("this is no syslog message", error);
    }
    if (!take_time(message, entry, work)) return Outcome::failed;
    if (message.priority) {
      const SyslogSeverity& severity = severities[*message.priority % 8];
      entry.severity = severity.number;
      entry.severity_text = severity.text;
    }
    return settings_.finish(entry, map_of(message, work.arena), work) ? Outcome::passed : Outcome::failed;
  }

 private:
  bool unframe(std::string_view& text, Work& work) const;
  bool take_time(const SyslogMessage& message, Entry& entry, Work& work) const;
  Value map_of(const SyslogMessage& message, Arena& arena) const;

  ParserSettings settings_;
  SyslogSettings syslog_;
  TimeLayout stamp_layout_;
  TimeLayout time_layout_;
};

// RFC 6587: "83 <13>1 …", or a byte behind the message.
bool SyslogOperation::unframe(std::string_view& text, Work& work) const {
  if (syslog_.trailer != '\0') {
    char last = syslog_.trailer == nul_trailer ? '\0' : syslog_.trailer;
    if (text.ends_with(last)) text.remove_suffix(1);
    return true;
  }
  if (!syslog_.counts_octets) return true;
  size_t blank = text.substr(0, 12).find(' ');
  std::optional<int64_t> octets = blank == std::string_view::npos ? std::nullopt : parse_int(text.substr(0, blank));
  if (!octets || *octets <= 0) {
    // What is not framed is the message itself where nothing else is asked of it.
    if (syslog_.protocol == Protocol::none) return true;
    work.fail("no length before the message", text);
    return false;
  }
  text.remove_prefix(blank + 1);
  if (syslog_.protocol == Protocol::none) return true;
  auto size = static_cast<size_t>(*octets);
  if (size > syslog_.max_octets || size > text.size()) {
    work.fail(size > syslog_.max_octets ? "the message is longer than max_octets" : "the message is shorter than its length says");
    return false;
  }
  text = text.substr(0, size);
  return true;
}

// A message without a time is none the worse.
bool SyslogOperation::take_time(const SyslogMessage& message, Entry& entry, Work& work) const {
  if (message.timestamp.empty()) return true;
  const TimeLayout& layout = syslog_.protocol == Protocol::rfc5424 ? time_layout_ : stamp_layout_;
  std::optional<int64_t> time = layout.parse(message.timestamp, work.tools.zones.of(syslog_.zone), entry.observed_ns);
  if (!time) {
    work.fail("the time is none", message.timestamp);
    return false;
  }
  entry.time_ns = *time;
  entry.has_time = true;
  return true;
}

Value SyslogOperation::map_of(const SyslogMessage& message, Arena& arena) const {
  Map* map = Map::create(arena, 12);
  auto add_text = [&](std::string_view key, std::string_view text) {
    if (!text.empty()) map->append(arena, key, Value::of_text(text));
  };
  if (message.priority) {
    auto facility = static_cast<uint8_t>(*message.priority / 8);
    map->append(arena, "priority", Value::of_integer(*message.priority));
    map->append(arena, "facility", Value::of_integer(facility));
    add_text("facility_text", facility_name(facility));
  }
  add_text("hostname", message.hostname);
  add_text("appname", message.appname);
  add_text("proc_id", message.proc_id);
  add_text("msg_id", message.msg_id);
  if (message.structured_data) map->append(arena, "structured_data", Value::of_map(message.structured_data));
  if (syslog_.protocol == Protocol::rfc5424) map->append(arena, "version", Value::of_integer(message.version));
  add_text("message", message.message);
  return Value::of_map(map);
}

void decode_framing(config::Section& section, SyslogSettings& syslog) {
  std::string trailer;
  section.field("enable_octet_counting", syslog.counts_octets);
  section.field("allow_skip_pri_header", syslog.may_lack_priority);
  uint64_t max_octets = 0;
  section.field("max_octets", max_octets);
  if (max_octets > 0) syslog.max_octets = max_octets;
  if (!section.field("non_transparent_framing_trailer", trailer)) return;
  section.require(trailer == "LF" || trailer == "NUL", "non_transparent_framing_trailer", "must be LF or NUL");
  section.require(syslog.protocol == Protocol::rfc5424, "non_transparent_framing_trailer", "goes with protocol: rfc5424 only");
  section.require(!syslog.counts_octets, "non_transparent_framing_trailer", "does not go together with enable_octet_counting");
  syslog.trailer = trailer == "NUL" ? nul_trailer : '\n';
}

}  // namespace

OperationPointer decode_syslog_parser(config::Section& section, Decoding& decoding) {
  SyslogSettings syslog;
  if (!section.has("protocol")) section.error("protocol", "missing: rfc5424, rfc3164 or none");
  section.choice("protocol", syslog.protocol, {{"rfc5424", Protocol::rfc5424}, {"rfc3164", Protocol::rfc3164}, {"none", Protocol::none}});
  decode_framing(section, syslog);
  std::string location;
  if (section.field("location", location) && !location.empty()) {
    section.check_when_used("location", [location](FileSystem& files) {
      Result<TimeZone> zone = load_time_zone(files, location, nullptr);
      return zone ? Status() : zone.status();
    });
  }
  syslog.zone = decoding.zones.add(location.empty() ? "UTC" : location);
  return std::make_unique<SyslogOperation>(ParserSettings::decode(section, decoding), syslog);
}

}  // namespace vigia::operators
