// Who asked what, as JSON lines, without voices in it.
#pragma once

#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace vpr {

class AuditLog {
 public:
  // Makes the file, readable for its owner alone; appends to one that is there. Throws kIo.
  explicit AuditLog(std::string path);

  // Opened for every line, so that it may be moved away (logrotate). Throws kIo.
  void Write(const nlohmann::ordered_json& entry);

 private:
  std::string path_;
  std::mutex mutex_;
};

}  // namespace vpr
