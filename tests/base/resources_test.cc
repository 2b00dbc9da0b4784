#include "vpr/base/resources.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/testing.h"
#include "vpr/base/build_id.h"
#include "vpr/base/file_io.h"
#include "vpr/base/version.h"
#include "vpr/version.h"

namespace vpr {
namespace {

TEST(Resources, FolderSetThenEnvironmentThenBesideTheCode) {
  const std::string engine = "lib/vpr/vpr_onednn.so";
  const std::string beside = ExecutableFolder() + "/../" + engine;
  EXPECT_EQ(ResourcePath(engine), beside);
  ASSERT_EQ(::setenv("VPR_HOME", "/from/environment", 1), 0);
  EXPECT_EQ(ResourcePath(engine), "/from/environment/" + engine);
  SetResourceFolder("/set");
  EXPECT_EQ(ResourcePath(engine), "/set/" + engine);
  SetResourceFolder("");
  ASSERT_EQ(::setenv("VPR_HOME", "", 1), 0);
  EXPECT_EQ(ResourcePath(engine), beside);
  ::unsetenv("VPR_HOME");
}

TEST(Resources, InTheProgramsOwnFolder) {
  const std::string name = "resources_test_" + std::to_string(::getpid());
  const std::string own = ExecutableFolder() + "/" + name;
  EXPECT_EQ(ResourcePath(name), ExecutableFolder() + "/../" + name);  // nowhere
  WriteTestFile(own, "x");
  EXPECT_EQ(ResourcePath(name), own);
  std::filesystem::remove(own);
}

TEST(Version, OfTheHeadersAndOfTheLibrary) {
  EXPECT_STREQ(Version(), VPR_VERSION);
  EXPECT_EQ(VPR_VERSION_NUMBER,
            VPR_VERSION_MAJOR * 10000 + VPR_VERSION_MINOR * 100 + VPR_VERSION_PATCH);
  EXPECT_EQ(std::string(BuildId()).size(), 16u);
}

}  // namespace
}  // namespace vpr
