#include "vpr/transcribe/spoken_strings.h"

#include <gtest/gtest.h>

#include "vpr/base/error.h"

namespace vpr {
namespace {

TEST(ParseJoin, ANumberOrTwo) {
  EXPECT_EQ(ParseJoin("").most, 1);
  EXPECT_EQ(ParseJoin("3").least, 3);
  EXPECT_EQ(ParseJoin("3").most, 3);
  EXPECT_EQ(ParseJoin("1-50").least, 1);
  EXPECT_EQ(ParseJoin("1-50").most, 50);
  for (const char* wrong : {"0", "51", "2-1", "-2", "2-", "1-2-3", "two", " 2"})
    EXPECT_THROW(ParseJoin(wrong), Error) << wrong;
}

}  // namespace
}  // namespace vpr
