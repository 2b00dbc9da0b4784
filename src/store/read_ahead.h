// Reading much of an SQLite file as fast as the disk gives it.
#pragma once

#include <sys/types.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vpr {

// Name of the file system to open databases with: SQLite's own, but that it tells a ReadAhead of
// this thread which parts are read.
const char* ReadAheadVfs();

// SQLite reads a page at a time, and the page of a row behind the pages of what the row holds: a
// jump ahead and one back for every block, at which the system's own read-ahead begins anew each
// time. While a ReadAhead lives, and this thread reads a long stretch of the file in about its
// order, what follows is asked for early.
class ReadAhead {
 public:
  // `path`: a database that this process has open. It is not opened again: closing it would take
  // SQLite's locks with it.
  explicit ReadAhead(const std::string& path);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  void Note(off_t offset, int bytes);  // these are being read

 private:
  void Ask();  // what each of askers_ does

  std::vector<int> descriptors_;
  off_t next_ = 0, length_ = 0;  // of the stretch: its end, and how long it is
  std::mutex mutex_;             // of what follows
  std::condition_variable changed_;
  off_t asked_ = 0, wanted_ = 0;  // up to here
  bool done_ = false;
  std::array<std::thread, 4> askers_;
};

}  // namespace vpr
