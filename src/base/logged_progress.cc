#include "vpr/base/logged_progress.h"

#include <cstdio>
#include <filesystem>

#include "vpr/base/text.h"
#include "vpr/base/utc.h"

namespace vpr {
namespace {

std::string LogPath(const std::string& prefix) {
  std::string time = UtcNow();
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  std::string path = prefix + "." + time + ".log";
  std::error_code error;
  for (int n = 2; std::filesystem::exists(std::filesystem::symlink_status(path, error)); ++n)
    path = prefix + "." + time + Format("-%d.log", n);
  return path;
}

}  // namespace

LoggedProgress::LoggedProgress(Progress& inner, const std::string& prefix)
    : inner_(inner), path_(LogPath(prefix)), file_(path_) {}

void LoggedProgress::Log(const std::string& text) {
  if (broken_) return;
  try {
    for (std::string_view line : Lines(text))
      file_.Write(UtcNow() + " " + std::string(line) + "\n");
  } catch (const Error& error) {
    broken_ = true;
    inner_.Warn(std::string(error.what()) + "; the log ends here");
  }
}

void LoggedProgress::Failed(const Error& error) {
  Log(std::string("error: ") + error.what());
  if (error.code() != ErrorCode::kInterrupted) std::remove(path_.c_str());
}

void LoggedProgress::Start(const std::string& what, const std::string& unit, std::uint64_t total,
                           std::uint64_t already) {
  Log(what + Format(": %llu %ss", static_cast<unsigned long long>(total), unit.c_str()));
  inner_.Start(what, unit, total, already);
}

void LoggedProgress::Update(std::uint64_t done, const std::string& detail) {
  inner_.Update(done, detail);
  last_ = detail;
}

void LoggedProgress::Finish() {
  inner_.Finish();
  if (!last_.empty()) Log("finished: " + last_);
  last_.clear();
}

void LoggedProgress::Info(const std::string& line) {
  Log(line);
  inner_.Info(line);
}

void LoggedProgress::Warn(const std::string& line) {
  Log("warning: " + line);
  inner_.Warn(line);
}

}  // namespace vpr
