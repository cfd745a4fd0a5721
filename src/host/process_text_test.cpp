// Processes as /proc tells of them, with names that people and attackers give.

#include "host/process_text.h"

#include <gtest/gtest.h>

namespace vigia::host {
namespace {

constexpr std::string_view columns =
    " S 7 10 10 0 -1 4194304 99 98 5 97 14 15 1 2 20 0 21 0 2200 3133440 414 18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 1 0 0 42 0 0 "
    "1 2 3\n";

TEST(ProcessText, EveryColumnOfStatFindsItsPlace) {
  std::string text = "123 (cat)" + std::string(columns);
  ProcessStat stat = *parse_process_stat(text);
  EXPECT_EQ(stat.name, "cat");
  EXPECT_EQ(stat.state, 'S');
  EXPECT_EQ(stat.parent_pid, 7u);
  EXPECT_EQ(stat.minor_faults, 99u);
  EXPECT_EQ(stat.major_faults, 5u);
  EXPECT_EQ(stat.user_ticks, 14u);
  EXPECT_EQ(stat.system_ticks, 15u);
  EXPECT_EQ(stat.threads, 21u);
  EXPECT_EQ(stat.start_ticks, 2200u);
  EXPECT_EQ(stat.virtual_bytes, 3133440u);
  EXPECT_EQ(stat.resident_pages, 414u);
  EXPECT_EQ(stat.disk_wait_ticks, 42u);
}

TEST(ProcessText, NamesMayHaveBlanksParenthesesAndLineBreaks) {
  for (std::string name : {"a b", "(sd-pam)", ") R 1 1 (", "x) S 9", "a\nb", ""}) {
    std::string text = "123 (" + name + ")" + std::string(columns);
    auto stat = parse_process_stat(text);
    ASSERT_TRUE(stat) << name;
    EXPECT_EQ(stat->name, name);
    EXPECT_EQ(stat->parent_pid, 7u) << name;
  }
}

TEST(ProcessText, BrokenStatIsNothing) {
  for (const char* text : {"", "123", "123 (cat", "123 cat) S 1", "123 (cat)", "123 (cat) S", "123 (cat) S 1 2 3", ")("})
    EXPECT_FALSE(parse_process_stat(text)) << text;
  std::string text = "123 (cat)" + std::string(columns);
  for (size_t size = 0; size < text.size(); size++) {
    auto stat = parse_process_stat(std::string_view(text).substr(0, size));
    EXPECT_EQ(stat ? stat->name : "cat", "cat");
  }
}

TEST(ProcessText, Status) {
  ProcessStatus status = parse_process_status(
      "Name:\tcat\nState:\tS (sleeping)\nUid:\t1000\t0\t0\t0\nSigQ:\t3/96000\nSigPnd:\t0000000000000001\nShdPnd:\t0000000000004002\n"
      "voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t34\n");
  EXPECT_EQ(status.user_id, 1000u);
  EXPECT_EQ(status.voluntary_switches, 12u);
  EXPECT_EQ(status.involuntary_switches, 34u);
  EXPECT_EQ(status.pending_signals, 2u);
  EXPECT_FALSE(parse_process_status("Uid:\tx\nname without colon\n").user_id);
}

TEST(ProcessText, Io) {
  ProcessIo io = parse_process_io("rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n");
  EXPECT_EQ(io.read_calls, 3u);
  EXPECT_EQ(io.write_calls, 4u);
  EXPECT_EQ(io.read_bytes, 5u);
  EXPECT_EQ(io.written_bytes, 6u);
}

TEST(ProcessText, Arguments) {
  using namespace std::string_view_literals;
  std::string joined;
  join_arguments("/bin/sh\0-c\0a  b\0\0"sv, joined);
  EXPECT_EQ(joined, "/bin/sh -c a  b");
  EXPECT_EQ(first_argument("/bin/sh\0-c\0"sv), "/bin/sh");
  join_arguments("", joined);
  EXPECT_EQ(joined, "");
  EXPECT_EQ(first_argument(""), "");
  EXPECT_EQ(whole_process_name("prometheus-node", "/usr/bin/prometheus-node-exporter\0--x"sv), "prometheus-node-exporter");
  EXPECT_EQ(whole_process_name("prometheus-node", "something else"), "prometheus-node");
  EXPECT_EQ(whole_process_name("cat", "/bin/catalogue"), "cat");
}

}  // namespace
}  // namespace vigia::host
