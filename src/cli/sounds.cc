#include "cli/sounds.h"

#include <algorithm>
#include <filesystem>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr::cli {

namespace fs = std::filesystem;

std::vector<std::vector<float>> ReadSounds(const std::string& folder, const char* what,
                                           Progress& progress, const StopRequested& stop) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file() && HasAudioExtension(entry.path().string()))
      paths.push_back(entry.path().string());
  }
  if (paths.empty())
    throw Error(ErrorCode::kNotFound, "no recordings below '" + Printable(folder) + "'");
  std::sort(paths.begin(), paths.end());
  std::vector<std::vector<float>> sounds;
  progress.Start(std::string("reading ") + what, "file", paths.size());
  for (const std::string& path : paths) {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was written");
    sounds.push_back(ReadAudio(path).samples);
    progress.Update(sounds.size());
  }
  progress.Finish();
  return sounds;
}

}  // namespace vpr::cli
