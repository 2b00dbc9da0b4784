// Progress that leaves a log.
#pragma once

#include <string>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/progress.h"

namespace vpr {

// Passes everything on to `inner`, and writes news and warnings to a new file, each line with the
// time: PREFIX.20261121T184500Z.log, or -2 and so on where two begin in one second. A log that
// cannot be written any more is warned of and ends. The constructor throws kIo.
class LoggedProgress : public Progress {
 public:
  LoggedProgress(Progress& inner, const std::string& prefix);

  const std::string& path() const { return path_; }
  void Log(const std::string& text);  // to the file alone
  // Does `work`. An error that it ends with is logged too; what was refused leaves no log behind,
  // what was stopped does.
  template <typename Work>
  auto Watch(const Work& work) {
    try {
      return work();
    } catch (const Error& error) {
      Failed(error);
      throw;
    }
  }

  void Start(const std::string& what, const std::string& unit, std::uint64_t total,
             std::uint64_t already) override;
  void Update(std::uint64_t done, const std::string& detail) override;
  void Finish() override;
  void Info(const std::string& line) override;
  void Warn(const std::string& line) override;

 private:
  void Failed(const Error& error);

  Progress& inner_;
  std::string path_;
  LogFile file_;
  bool broken_ = false;
  std::string last_;
};

}  // namespace vpr
