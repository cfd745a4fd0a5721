// Times by strptime's and Go's layouts, and the zones they are in.

#include "operators/time_layout.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace vigia::operators {
namespace {

constexpr int64_t now_ns = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

TimeZone zone(const std::string& name) {
  SystemFiles files;
  Result<TimeZone> zone = load_time_zone(files, name, nullptr);
  EXPECT_TRUE(zone.is_ok()) << name;
  return *zone;
}

std::string shown(const Result<TimeLayout>& layout, std::string_view text, const TimeZone& in) {
  if (!layout) return "layout: " + layout.status().message();
  std::optional<int64_t> time = layout->parse(text, in, now_ns);
  return time ? format_rfc3339(*time, 9) : "none";
}
std::string strptime_of(std::string_view layout, std::string_view text) {
  return shown(TimeLayout::from_strptime(layout), text, zone("America/Phoenix"));
}
std::string gotime_of(std::string_view layout, std::string_view text) {
  return shown(TimeLayout::from_go(layout), text, zone("America/Phoenix"));
}

// Scenario: what the Collector's own tests take. Phoenix is seven hours behind all year.
TEST(TimeLayout, Strptime) {
  for (std::string_view text : {"Mon Jan 2 15:04:05 Z 2006", "Mon Jan 2 15:4:5 Z 2006"})
    EXPECT_EQ(strptime_of("%a %b %e %H:%M:%S %z %Y", text), "2006-01-02T15:04:05.000000000Z") << text;
  for (std::string_view text : {"2007-04-05T06:07:08-10:00", "2007-04-05T06:07:08-1000", "2007-04-05T06:07:08-10",
                                "2007-04-05T06:07:08  -10:00", "2007-4-5T6:7:8  -10"})
    EXPECT_EQ(strptime_of("%Y-%m-%dT%H:%M:%S%z", text), "2007-04-05T16:07:08.000000000Z") << text;
  for (std::string_view text : {"20230203050607", "2023 02 03 05 06 07"})
    EXPECT_EQ(strptime_of("%Y%m%d%H%M%S", text), "2023-02-03T12:06:07.000000000Z") << text;
  EXPECT_EQ(strptime_of("%Y-%m-%d %I:%M:%S %p", "2023-02-03 3:6:7 PM"), "2023-02-03T22:06:07.000000000Z");
  EXPECT_EQ(strptime_of("%FT%T%z", "2007-4-5T12:30:46  Z"), "2007-04-05T12:30:46.000000000Z");
  EXPECT_EQ(strptime_of("%DT%T", "4/5/07T12:30:46"), "2007-04-05T19:30:46.000000000Z");
  EXPECT_EQ(strptime_of("%xT%R", "04/05/2007T12:30"), "2007-04-05T19:30:00.000000000Z");
  EXPECT_EQ(strptime_of("%c", "Thu Apr 5 13:30:46 2007"), "2007-04-05T20:30:46.000000000Z");
  EXPECT_EQ(strptime_of("%B %d %A, %y, %r", "March 12 Friday, 04, 02:03:04 am"), "2004-03-12T09:03:04.000000000Z");
  EXPECT_EQ(strptime_of("%Y-%m-%d %H:%M:%S,%f %Z", "2023-02-03 05:06:07,123456 UTC"), "2023-02-03T05:06:07.123456000Z");
  EXPECT_EQ(strptime_of("%Y-%m-%dT%H:%M:%S.%LZ", "2023-02-03T05:06:07Z"), "2023-02-03T12:06:07.000000000Z");
  EXPECT_EQ(strptime_of("%Y-%m-%dT%H:%M:%S.%s %j", "2023-02-03T05:06:07.123456789 +01:30"), "2023-02-03T03:36:07.123456789Z");
  EXPECT_EQ(strptime_of("%Y-%m-%d %Z", "2023-07-03 EST"), "2023-07-03T05:00:00.000000000Z");
  EXPECT_EQ(strptime_of("%Y-%m-%d %Z", "2023-07-03 XYZ"), "none");
}

TEST(TimeLayout, Gotime) {
  EXPECT_EQ(gotime_of("Mon Jan _2 15:04:05 2006", "Thu Apr  5 13:30:46 2007"), "2007-04-05T20:30:46.000000000Z");
  EXPECT_EQ(gotime_of("2006-01-02T15:04:05Z07:00", "2007-04-05T13:30:46.5+02:00"), "2007-04-05T11:30:46.500000000Z");
  EXPECT_EQ(gotime_of("2006-01-02T15:04:05Z07:00", "2007-04-05T13:30:46Z"), "2007-04-05T13:30:46.000000000Z");
  EXPECT_EQ(gotime_of("2006-01-02 15:04:05.000", "2007-04-05 13:30:46.12"), "none");
  EXPECT_EQ(gotime_of("2006-01-02 15:04:05.999", "2007-04-05 13:30:46"), "2007-04-05T20:30:46.000000000Z");
  EXPECT_EQ(gotime_of("02/Jan/2006:15:04:05 -0700", "10/Oct/2000:13:55:36 -0700"), "2000-10-10T20:55:36.000000000Z");
  EXPECT_EQ(gotime_of("January 2, 2006 3:4:5 pm MST", "march 12, 2004 12:3:4 am GMT"), "2004-03-12T00:03:04.000000000Z");
  EXPECT_EQ(gotime_of("2006-002", "2024-366"), "2024-12-31T07:00:00.000000000Z");
  EXPECT_EQ(gotime_of("2006-01-02", "2023-02-29"), "none");
  EXPECT_EQ(gotime_of("2006-01-02", "2024-02-29x"), "none");
  // Without a year the day is judged by a leap year, as in Go.
  EXPECT_EQ(gotime_of("Jan _2", "Feb 29"), "2023-03-01T07:00:00.000000000Z");
  EXPECT_EQ(gotime_of("2006-01-02", "9999-01-01"), "none");
  EXPECT_EQ(gotime_of("15:04:05:999", "1"), "layout: a fraction of a second needs a point or a comma before it");
}

// Guarantee: summer and winter time, and years beyond the file's last change, are as the zone has them.
TEST(TimeZone, KnowsWhenClocksChange) {
  TimeZone madrid = zone("Europe/Madrid");
  auto utc = [&](int64_t local_days, int64_t hour) { return madrid.from_local(local_days * 86400 + hour * 3600); };
  auto days = [](int year, int month, int day) {
    Result<TimeLayout> layout = TimeLayout::from_go("2006-1-2");
    return *layout->parse(std::to_string(year) + "-" + std::to_string(month) + "-" + std::to_string(day), TimeZone(), now_ns) /
           86'400'000'000'000;
  };
  EXPECT_EQ(utc(days(2024, 1, 15), 12), days(2024, 1, 15) * 86400 + 11 * 3600);
  EXPECT_EQ(utc(days(2024, 7, 15), 12), days(2024, 7, 15) * 86400 + 10 * 3600);
  EXPECT_EQ(utc(days(2060, 7, 15), 12), days(2060, 7, 15) * 86400 + 10 * 3600);
  EXPECT_EQ(utc(days(2060, 12, 15), 12), days(2060, 12, 15) * 86400 + 11 * 3600);
  EXPECT_EQ(madrid.at(days(2024, 7, 15) * 86400).abbreviation, "CEST");
  // Southern summers lie across the new year.
  TimeZone sydney = zone("Australia/Sydney");
  EXPECT_EQ(sydney.at(days(2070, 1, 15) * 86400).seconds_east, 11 * 3600);
  EXPECT_EQ(sydney.at(days(2070, 7, 15) * 86400).seconds_east, 10 * 3600);
}

// Guarantee: a file that is broken, and a name that is none, are errors.
TEST(TimeZone, BrokenFilesAreErrors) {
  SystemFiles files;
  EXPECT_FALSE(load_time_zone(files, "Nowhere/Nothing", nullptr).is_ok());
  EXPECT_FALSE(load_time_zone(files, "../../../etc/passwd", nullptr).is_ok());
  std::string content = *files.read_file("/usr/share/zoneinfo/Europe/Madrid");
  EXPECT_TRUE(TimeZone::parse(content).is_ok());
  for (size_t size = 0; size < content.size(); size += 7) (void)TimeZone::parse(content.substr(0, size)).is_ok();
  for (size_t at = 0; at < content.size(); at++) {
    std::string broken = content;
    broken[at] = static_cast<char>(broken[at] ^ 0xFF);
    Result<TimeZone> zone = TimeZone::parse(broken);
    if (zone) (void)zone->from_local(1'700'000'000);
  }
}

}  // namespace
}  // namespace vigia::operators
