#include "base/open_module.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/testing.h"
#include "vpr/base/build_id.h"
#include "vpr/base/resources.h"
#include "vpr/model/network_engine.h"

namespace vpr {
namespace {

using testing::HasSubstr;

// The installation's folder is another one as long as this lives.
struct ElsewhereInstalled {
  explicit ElsewhereInstalled(const TestFolder& folder) {
    std::filesystem::create_directories(folder / "lib/vpr");
    SetResourceFolder(folder.path().string());
  }
  ~ElsewhereInstalled() { SetResourceFolder(""); }
};

TEST(OpenModule, OfTheSameBuild) { EXPECT_NE(OpenModule("vpr_onednn", kOneDnnEntry), nullptr); }

TEST(OpenModule, OfAnotherBuildIsRefusedBeforeItIsCalled) {
  TestFolder folder;
  const ElsewhereInstalled elsewhere(folder);
  std::filesystem::copy_file(VPR_OTHER_BUILD, folder / "lib/vpr/vpr_onednn.so");
  const std::string message =
      MessageOf(ErrorCode::kIncompatible, [] { MakeNetwork(Model(), ExtractorOptions()); });
  EXPECT_THAT(message,
              HasSubstr("found build id 0123456789abcdef, expected " + std::string(BuildId())));
}

TEST(OpenModule, NotThere) {
  TestFolder folder;
  const ElsewhereInstalled elsewhere(folder);
  const std::string message =
      MessageOf(ErrorCode::kNotFound, [] { OpenModule("vpr_onednn", kOneDnnEntry); });
  EXPECT_THAT(message, HasSubstr(folder / "lib/vpr/vpr_onednn.so"));
}

}  // namespace
}  // namespace vpr
