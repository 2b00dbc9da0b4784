// Reading much of an SQLite file as fast as the disk gives it.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vpr {

// Name of the file system to open databases with: SQLite's own, but that it tells the ReadAhead
// that this thread's Listener names which parts are read.
const char* ReadAheadVfs();

// SQLite reads a page at a time, and the page of a row behind the pages of what the row holds: a
// jump ahead and one back for every block, at which the system's own read-ahead begins anew each
// time. Where one or several threads read a long stretch of the file in about its order, what
// follows is asked for early.
class ReadAhead {
 public:
  // `path`: a database that this process has open. It is not opened again: closing it would take
  // SQLite's locks with it.
  explicit ReadAhead(const std::string& path);
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead();

  // While it lives, what this thread reads of databases is Noted.
  class Listener {
   public:
    explicit Listener(ReadAhead* ahead);  // null: of none
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
  };

  void Note(off_t offset, int bytes) noexcept;  // these are being read

 private:
  void Ask();  // what each of askers_ does

  std::vector<int> descriptors_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  off_t next_ = 0, length_ = 0;   // of the stretch: its end, and how long it is
  off_t asked_ = 0, wanted_ = 0;  // up to here
  bool asking_ = false, done_ = false;
  std::vector<std::thread> askers_;  // from the first long stretch on
};

}  // namespace vpr
