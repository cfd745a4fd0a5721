// Scenario: receivers whose section says, does not say, or says wrongly whose their data is.
// Guarantee: data is marked with the customer for this program and for whoever gets it; a mistake is told with its place.

#include "pipeline/customer.h"

#include <gtest/gtest.h>

#include "otlp/attribute_view.h"
#include "pipeline/batch_parts.h"
#include "pipeline/test_kit.h"

namespace vigia::pipeline {
namespace {

std::unique_ptr<test::Decoded<std::string>> decode(const std::string& yaml) {
  return test::decode_text<std::string>(yaml, [](config::Section& section, std::string& customer) { decode_customer(section, customer); });
}

TEST(Customer, TheKey) {
  EXPECT_EQ(decode("customer: cliente-a")->config, "cliente-a");
  EXPECT_EQ(decode("customer: 550e8400-e29b-41d4-a716-446655440000")->errors(), "");
  EXPECT_EQ(decode("{}")->config, "");
  for (std::string wrong : {"'a b'", "../x", "-a", "\"a\\nb\""}) {
    auto decoded = decode("customer: " + wrong);
    EXPECT_NE(decoded->errors().find("customer: expected letters, digits and"), std::string::npos) << wrong << "\n" << decoded->errors();
  }
}

TEST(Customer, DataIsMarkedTwice) {
  EXPECT_EQ(client_of(""), nullptr);
  EXPECT_EQ(customer_resource(""), "");
  auto a = client_of("a");
  EXPECT_EQ(a->customer, "a");
  EXPECT_EQ(client_of("", "10.0.0.1:5")->peer_address, "10.0.0.1:5");
  EXPECT_FALSE(is_same_client(a.get(), client_of("b").get()));
  EXPECT_TRUE(is_same_client(a.get(), client_of("a", "10.0.0.1:5").get()));
  std::string resource = customer_resource("a");
  EXPECT_EQ(otlp::Attributes(resource, 1).find("customer.id")->string(), "a");
}

}  // namespace
}  // namespace vigia::pipeline
