// Which names customers, nodes and agents may have.

#include "base/ids.h"

#include <gtest/gtest.h>

#include <string>

namespace vigia {
namespace {

TEST(Ids, SlugsAndUuidsAreIds) {
  for (std::string_view id : {"cliente-a", "A", "7", "acme.eu:prod@1", "550e8400-e29b-41d4-a716-446655440000"})
    EXPECT_TRUE(is_id(id)) << id;
  EXPECT_TRUE(is_id(std::string(most_id_bytes, 'x')));
  for (std::string_view text : {"", "-a", ".", "..", "a/b", "a b", "a\n", "ñ", "${X}"}) EXPECT_FALSE(is_id(text)) << text;
  EXPECT_FALSE(is_id(std::string(most_id_bytes + 1, 'x')));
}

TEST(Ids, Uuids) {
  EXPECT_TRUE(is_uuid("550e8400-e29b-41d4-A716-446655440000"));
  for (std::string_view text :
       {"550e8400-e29b-41d4-a716-44665544000g", "550e8400-e29b-41d4-a716-4466554400000", "550e8400e29b-41d4-a716-4466554400000", "acme"})
    EXPECT_FALSE(is_uuid(text)) << text;
}

}  // namespace
}  // namespace vigia
