#include "vpr/base/rate.h"

#include <gtest/gtest.h>

namespace vpr {
namespace {

TEST(ParseRate, SharesAndPercents) {
  EXPECT_DOUBLE_EQ(ParseRate("0.1%").value(), 0.001);
  EXPECT_DOUBLE_EQ(ParseRate("5 %").value(), 0.05);
  EXPECT_DOUBLE_EQ(ParseRate("0.001").value(), 0.001);
  for (const char* wrong : {"", "%", "0", "1", "100%", "-5%", "5", "a", "0.1x", "nan", "5%%"})
    EXPECT_FALSE(ParseRate(wrong)) << wrong;
}

}  // namespace
}  // namespace vpr
