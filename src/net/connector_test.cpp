// Which of a name's addresses is tried first: the one that worked, and those that failed only when there is no other.

#include <gtest/gtest.h>

#include "net/connector_internal.h"

namespace vigia::net {
namespace {

std::string order(const AddressMemory& memory) {
  std::vector<SocketAddress> addresses;
  for (int port : {1, 2, 3}) addresses.push_back(*SocketAddress::from_number("127.0.0.1", port));
  memory.sort(addresses);
  std::string ports;
  for (const SocketAddress& address : addresses) ports += std::to_string(address.port());
  return ports;
}
SocketAddress at(int port) { return *SocketAddress::from_number("127.0.0.1", port); }

TEST(AddressMemory, TheOneThatWorkedIsFirstAndThoseThatFailedAreLast) {
  AddressMemory memory;
  EXPECT_EQ(order(memory), "123");
  memory.failed(at(1));
  EXPECT_EQ(order(memory), "231");
  memory.worked(at(3));
  EXPECT_EQ(order(memory), "321");
  memory.failed(at(3));
  EXPECT_EQ(order(memory), "213") << "the one that failed longest ago comes before the one that failed last";
  memory.failed(at(2));
  EXPECT_EQ(order(memory), "132");
  memory.worked(at(1));
  EXPECT_EQ(order(memory), "132");
}

TEST(AddressMemory, ItDoesNotGrowWithoutBound) {
  AddressMemory memory;
  for (int port = 1; port < 1000; port++) memory.failed(at(port));
  EXPECT_EQ(order(memory), "123") << "the oldest failures are forgotten";
}

}  // namespace
}  // namespace vigia::net
