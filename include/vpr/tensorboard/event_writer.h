// Event files, as TensorBoard reads them: curves, text, pictures and settings of a run. A file is a
// sequence of records (TFRecord: length, data, each with a masked CRC-32C) of protocol buffers
// `tensorflow.Event`; docs/formats.md has the fields that are written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vpr/base/file_io.h"

namespace vpr {

using HyperParameter = std::variant<double, bool, std::string>;

class EventWriter {
 public:
  // Seconds since 1970.
  using Clock = std::function<double()>;

  // Makes the folder, with those above it that are missing, and a new file in it. What other runs
  // have written there stays, and TensorBoard shows both as one run. `first_step`: where a run that
  // goes on begins; TensorBoard then forgets what was written for this step and later ones. Throws
  // kIo.
  explicit EventWriter(const std::string& folder, std::int64_t first_step = 0, Clock clock = {});

  // Each record is in the file when the call returns. Throw kIo.
  void Scalar(const std::string& tag, double value, std::int64_t step);
  void Text(const std::string& tag, const std::string& markdown, std::int64_t step = 0);
  // `png` is a PNG file's bytes. Throws kInvalidArgument for what is none.
  void Picture(const std::string& tag, std::string_view png, std::int64_t step = 0);
  // What the run was made with and which of its scalars tell how good it became: a line of the
  // table of runs.
  void Settings(const std::map<std::string, HyperParameter>& settings,
                const std::vector<std::string>& metric_tags);

  const std::string& path() const { return path_; }

 private:
  void Event(std::int64_t step, const std::string& field);

  Clock clock_;
  std::string path_;
  LogFile file_;
};

// CRC-32C (Castagnoli), as in RFC 3720.
std::uint32_t Crc32c(std::string_view data);

}  // namespace vpr
