// Counting connections by their state, in pieces of any size.

#include "host/tcp_connections.h"

#include <gtest/gtest.h>

#include "host/test_tree.h"

namespace vigia::host {
namespace {

constexpr std::string_view heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

std::string line_of(const std::string& state) {
  return "   0: 0100007F:AB13 00000000:0000 " + state +
         " 00000000:00000000 00:00000000 00000000     0        0 1606388 1 00000000fb1e284e 100 0 0 10 0\n";
}

TEST(TcpConnections, PiecesMayEndAnywhere) {
  std::string text(heading);
  for (const char* state : {"0A", "01", "01", "06", "0C", "0B", "zz", "FF"}) text += line_of(state);
  text += "short\n";
  for (size_t size = 1; size < 400; size += 7) {
    TcpStateCounter counter;
    counter.begin_file();
    for (size_t at = 0; at < text.size(); at += size) counter.take(std::string_view(text).substr(at, size));
    EXPECT_EQ(counter.counts()[1], 2u);
    EXPECT_EQ(counter.counts()[3], 1u);
    EXPECT_EQ(counter.counts()[6], 1u);
    EXPECT_EQ(counter.counts()[10], 1u);
    EXPECT_EQ(counter.counts()[11], 1u);
    EXPECT_EQ(counter.counts()[12], 0u);
  }
}

TEST(TcpConnections, BothFilesAreReadInPartsAndThenAgainFromTheBeginning) {
  test::TreeFiles files;
  files.content["/proc/net/tcp"] = std::string(heading);
  for (int i = 0; i < 3000; i++) files.content["/proc/net/tcp"] += line_of("01");
  files.content["/proc/net/tcp6"] = std::string(heading) + line_of("01") + line_of("0A");
  TcpConnections connections(files, "");
  for (int round = 0; round < 2; round++) {
    int parts = 1;
    while (!connections.read_on(100'000).value()) parts++;
    EXPECT_GT(parts, 3);
    EXPECT_EQ(connections.counts()[1], 3001u);
    EXPECT_EQ(connections.counts()[10], 1u);
  }
}

TEST(TcpConnections, WithoutTheSecondFileTheFirstCountsAndWithoutTheFirstItIsAnError) {
  test::TreeFiles files;
  files.content["/proc/net/tcp"] = std::string(heading) + line_of("01");
  TcpConnections connections(files, "/");
  EXPECT_TRUE(connections.read_on(1 << 20).value());
  EXPECT_EQ(connections.counts()[1], 1u);
  files.content.erase("/proc/net/tcp");
  EXPECT_FALSE(connections.read_on(1 << 20).is_ok());
  files.content["/proc/net/tcp"] = std::string(heading) + line_of("0A");
  EXPECT_TRUE(connections.read_on(1 << 20).value());
  EXPECT_EQ(connections.counts()[1], 0u);
  EXPECT_EQ(connections.counts()[10], 1u);
}

TEST(TcpConnections, OfTheHostBelowRootPath) {
  test::TreeFiles files;
  files.content["/hostfs/proc/1/net/tcp"] = std::string(heading) + line_of("01") + line_of("01");
  files.content["/hostfs/proc/net/tcp"] = std::string(heading);
  TcpConnections connections(files, "/hostfs");
  EXPECT_TRUE(connections.read_on(1 << 20).value());
  EXPECT_EQ(connections.counts()[1], 2u);
}

}  // namespace
}  // namespace vigia::host
