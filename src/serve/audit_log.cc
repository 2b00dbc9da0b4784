#include "serve/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/print/json_line.h"

namespace vpr {
namespace {

int Open(const std::string& path) {
  const int fd =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
  if (fd < 0)
    throw Error(ErrorCode::kIo,
                "cannot write the log '" + Printable(path) + "': " + std::strerror(errno));
  return fd;
}

}  // namespace

AuditLog::AuditLog(std::string path) : path_(std::move(path)) { ::close(Open(path_)); }

void AuditLog::Write(const nlohmann::ordered_json& entry) {
  const std::string line = JsonLine(entry);
  std::lock_guard lock(mutex_);
  const int fd = Open(path_);
  const ssize_t written = ::write(fd, line.data(), line.size());
  const int error = written < 0 ? errno : ENOSPC;
  ::close(fd);
  if (written != static_cast<ssize_t>(line.size()))
    throw Error(ErrorCode::kIo,
                "cannot write the log '" + Printable(path_) + "': " + std::strerror(error));
}

}  // namespace vpr
