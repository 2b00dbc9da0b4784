#include "vpr/base/file_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <thread>

#include "base/testing.h"

namespace {

bool folders_cannot_be_synced = false;

}  // namespace

// In place of the C library's: a disk that fails where names are brought to it.
extern "C" int fsync(int fd) {
  struct stat status {};
  if (folders_cannot_be_synced && ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace vpr {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

// Of the one unfinished file in the folder.
std::string TemporaryIn(const TestFolder& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path()))
    if (entry.path().filename().string().find(".tmp.") != std::string::npos)
      return entry.path().string();
  return "";
}

std::size_t Entries(const TestFolder& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

TEST(FileIo, WritesAndReadsBack) {
  TestFolder folder;
  std::string path = folder / "名字 ü.bin";
  std::string content = "a\0b\r\n";
  content += std::string(3 << 20, 'x') + "end";
  WriteFileAtomically(path, content);
  EXPECT_EQ(ReadFile(path), content);
  EXPECT_EQ(MappedFile(path).text(), content);
  EXPECT_EQ(Entries(folder), 1u);
}

TEST(FileIo, EmptyFile) {
  TestFolder folder;
  WriteFileAtomically(folder / "empty", "");
  EXPECT_EQ(ReadFile(folder / "empty"), "");
  MappedFile mapped(folder / "empty");
  EXPECT_TRUE(mapped.bytes().empty());
}

TEST(FileIo, ErrorsNameTheFile) {
  TestFolder folder;
  std::string missing = folder / "missing";
  EXPECT_THAT(MessageOf(ErrorCode::kNotFound, [&] { ReadFile(missing); }), HasSubstr(missing));
  EXPECT_THAT(MessageOf(ErrorCode::kNotFound, [&] { MappedFile file(missing); }),
              HasSubstr(missing));
  EXPECT_THAT(MessageOf(ErrorCode::kNotFound, [&] { ReadFile(missing + "/below"); }),
              HasSubstr(missing));
  std::string itself = folder.path().string();
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { ReadFile(itself); }),
              HasSubstr("directory"));
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [&] { MappedFile file(itself); }),
              HasSubstr("regular"));
  WriteFileAtomically(folder / "file", "x");
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { AtomicFile file(folder / "file/below"); }),
              HasSubstr(folder / "file/below"));
  std::string odd = folder / "line\nend\xFF";
  EXPECT_THAT(MessageOf(ErrorCode::kNotFound, [&] { ReadFile(odd); }),
              HasSubstr("line\\x0aend\\xff"));
}

TEST(FileIo, IsRegularFile) {
  TestFolder folder;
  WriteFileAtomically(folder / "file", "x");
  EXPECT_TRUE(IsRegularFile(folder / "file"));
  EXPECT_FALSE(IsRegularFile(folder / "other"));
  EXPECT_FALSE(IsRegularFile(folder.path().string()));
}

TEST(FileIo, ReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::string content(300000, 'p');  // more than a pipe holds at once
  std::thread writer([&] {
    for (std::size_t done = 0; done < content.size();) {
      ssize_t wrote = ::write(ends[1], content.data() + done, content.size() - done);
      ASSERT_GT(wrote, 0);
      done += static_cast<std::size_t>(wrote);
    }
    ::close(ends[1]);
  });
  EXPECT_EQ(ReadFile("/dev/fd/" + std::to_string(ends[0])), content);
  writer.join();
  ::close(ends[0]);
}

TEST(FileIo, MappingsMove) {
  TestFolder folder;
  WriteFileAtomically(folder / "a", "first");
  WriteFileAtomically(folder / "b", "second");
  MappedFile a(folder / "a"), b(folder / "b");
  MappedFile c(std::move(a));
  EXPECT_EQ(c.text(), "first");
  c = std::move(b);
  EXPECT_EQ(c.text(), "second");
  EXPECT_EQ(c.path(), folder / "b");
}

TEST(AtomicFile, OldFileStaysUntilCommit) {
  TestFolder folder;
  std::string path = folder / "file";
  WriteFileAtomically(path, "old");
  {
    AtomicFile file(path);
    file.Write("new");
    EXPECT_EQ(file.size(), 3u);
    EXPECT_EQ(TemporaryIn(folder).rfind(path + ".tmp.", 0), 0u);
    EXPECT_EQ(ReadFile(path), "old");
    file.Sync();
    EXPECT_EQ(ReadFile(path), "old");
    EXPECT_EQ(ReadFile(TemporaryIn(folder)), "new");
  }
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_EQ(Entries(folder), 1u) << "the temporary file is left behind";

  AtomicFile file(path);
  file.Write("new");
  file.Commit();
  EXPECT_EQ(ReadFile(path), "new");
  EXPECT_EQ(Entries(folder), 1u);
}

TEST(AtomicFile, TwoWritersOfOneFileDoNotMix) {
  TestFolder folder;
  std::string path = folder / "file";
  AtomicFile first(path), second(path);
  first.Write("first");
  second.Write("second");
  second.Commit();
  EXPECT_EQ(ReadFile(path), "second");
  first.Commit();
  EXPECT_EQ(ReadFile(path), "first");
}

TEST(AtomicFile, LeavesLinksAndPipesWhatTheyAre) {
  TestFolder folder;
  WriteFileAtomically(folder / "target", "old");
  fs::create_symlink("target", fs::path(folder / "link"));
  WriteFileAtomically(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(fs::path(folder / "link")));
  EXPECT_EQ(ReadFile(folder / "target"), "new");
  fs::create_symlink("nowhere yet", fs::path(folder / "dangling"));
  WriteFileAtomically(folder / "dangling", "made");
  EXPECT_EQ(ReadFile(folder / "nowhere yet"), "made");

  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  WriteFileAtomically(pipe, "through");
  char text[16] = {};
  EXPECT_EQ(::read(reader, text, sizeof text), 7);
  EXPECT_STREQ(text, "through");
  ::close(reader);
  EXPECT_EQ(fs::status(pipe).type(), fs::file_type::fifo);
  EXPECT_EQ(Entries(folder), 5u);
}

TEST(AtomicFile, AppendsToWhatIsOpen) {
  TestFolder folder;
  WriteFileAtomically(folder / "log", "before ");
  const int log = ::open((folder / "log").c_str(), O_WRONLY | O_APPEND);
  WriteFileAtomically("/dev/fd/" + std::to_string(log), "after");
  ::close(log);
  EXPECT_EQ(ReadFile(folder / "log"), "before after");
  fs::create_symlink("b", fs::path(folder / "a"));
  fs::create_symlink("a", fs::path(folder / "b"));
  EXPECT_THROW(WriteFileAtomically(folder / "a", "x"), Error);
  EXPECT_EQ(Entries(folder), 3u);
}

// Sets the umask as long as it lives.
struct Umask {
  explicit Umask(mode_t mask) : before(::umask(mask)) {}
  ~Umask() { ::umask(before); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  mode_t before;
};

TEST(AtomicFile, TakesPermissions) {
  const auto mode_of = [](const std::string& path) {
    return static_cast<unsigned>(fs::status(path).permissions());
  };
  for (mode_t mask : {0u, 022u, 077u, 0777u}) {
    TestFolder folder;
    const Umask umask(mask);
    AtomicFile file(folder / "private", AtomicFile::kPrivate);
    file.Commit();
    EXPECT_EQ(mode_of(folder / "private"), 0600u) << mask;
    WriteFileAtomically(folder / "public", "x");
    EXPECT_EQ(mode_of(folder / "public"), 0666u & ~mask) << mask;
    // What is replaced keeps what its owner gave it; what must be private does not.
    fs::permissions(folder / "public", fs::perms(0640));
    WriteFileAtomically(folder / "public", "y");
    EXPECT_EQ(mode_of(folder / "public"), 0640u) << mask;
    fs::permissions(folder / "private", fs::perms(0644));
    AtomicFile again(folder / "private", AtomicFile::kPrivate);
    again.Commit();
    EXPECT_EQ(mode_of(folder / "private"), 0600u) << mask;
  }
}

TEST(AtomicFile, NamesThatNobodyCanGuess) {
  TestFolder folder;
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    AtomicFile file(folder / "file");
    names.insert(TemporaryIn(folder));
  }
  EXPECT_EQ(names.size(), 20u);
  EXPECT_EQ(Entries(folder), 0u);
  // As long as a name may be, in bytes: what is added does not make it too long.
  const std::string longest = folder / (std::string(251, 'n') + ".npy");
  WriteFileAtomically(longest, "x");
  EXPECT_EQ(ReadFile(longest), "x");
  EXPECT_THROW(WriteFileAtomically(folder / std::string(256, 'n'), "x"), Error);
  EXPECT_EQ(Entries(folder), 1u);
}

TEST(AtomicFile, FoldersOnTheWay) {
  TestFolder folder;
  fs::create_directories(fs::path(folder / "a/b"));
  fs::create_symlink("a", fs::path(folder / "near"));
  fs::create_symlink(folder / "a", fs::path(folder / "far"));
  fs::create_symlink("../near/b", fs::path(folder / "a/up"));
  fs::create_symlink("../../x", fs::path(folder / "a/b/out"));
  const std::pair<const char*, const char*> cases[] = {
      {"a/b/1", "a/b/1"},         {"near/b/2", "a/b/2"},  {"far//b/3", "a/b/3"},
      {"far/up/../b/4", "a/b/4"}, {"near/up/5", "a/b/5"}, {"./a/./6", "a/6"},
      {"near/up/out", "x"}};
  for (const auto& [given, expected] : cases) {
    WriteFileAtomically(folder / given, given);
    EXPECT_EQ(ReadFile(folder / expected), given);
    EXPECT_EQ(fs::canonical(PlaceOfWriting(folder / given)), fs::canonical(folder / expected));
  }
  for (const char* folders : {"a", "a/", "a/.", "a/..", "near", "far/", "."})
    EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { WriteFileAtomically(folder / folders, "x"); }),
                HasSubstr("irectory"))
        << folders;
  EXPECT_THROW(WriteFileAtomically(folder / "a/6/below", "x"), Error);
  EXPECT_THROW(WriteFileAtomically("", "x"), Error);
  EXPECT_THROW(WriteFileAtomically(folder / "new/", "x"), Error);
  EXPECT_FALSE(fs::exists(folder / "new"));
}

constexpr uid_t kStranger = 65534;  // nobody

void MakeStrangersLink(const std::string& target, const std::string& link) {
  fs::create_symlink(target, link);
  ASSERT_EQ(::lchown(link.c_str(), kStranger, kStranger), 0);
}

TEST(AtomicFile, FollowsNoLinkOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can make another user's link";
  TestFolder folder;
  fs::create_directories(fs::path(folder / "open"));
  fs::create_directories(fs::path(folder / "victim"));
  ASSERT_EQ(::chmod((folder / "open").c_str(), 01777), 0);
  WriteFileAtomically(folder / "victim/file", "precious");
  MakeStrangersLink("../victim/file", folder / "open/there");
  MakeStrangersLink(folder / "victim/new", folder / "open/dangling");
  MakeStrangersLink("../victim", folder / "open/way");
  // Also where one of ours leads to it.
  fs::create_symlink("open/there", fs::path(folder / "ours"));
  for (const char* path :
       {"open/there", "open/dangling", "open/way/new", "open/way/file", "ours"}) {
    const std::string said =
        MessageOf(ErrorCode::kIo, [&] { WriteFileAtomically(folder / path, "overwritten"); });
    EXPECT_THAT(said, HasSubstr("is a link of another user (65534)")) << path;
    EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { PlaceOfWriting(folder / path); }),
                HasSubstr("another user"));
    EXPECT_THROW(LogFile(folder / path), Error);
  }
  EXPECT_THROW(MakeFolders(folder / "open/way/below"), Error);
  EXPECT_EQ(ReadFile(folder / "victim/file"), "precious");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "victim"), fs::directory_iterator()), 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "open"), fs::directory_iterator()), 3)
      << "a temporary file is left";

  // A pipe that somebody laid out to read along; a file is replaced, not written into.
  ASSERT_EQ(::mkfifo((folder / "open/pipe").c_str(), 0666), 0);
  ASSERT_EQ(::chown((folder / "open/pipe").c_str(), kStranger, kStranger), 0);
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { WriteFileAtomically(folder / "open/pipe", "x"); }),
              HasSubstr("pipe of another user"));
  WriteFileAtomically(folder / "open/file", "theirs");
  ASSERT_EQ(::chmod((folder / "open/file").c_str(), 0666), 0);
  ASSERT_EQ(::chown((folder / "open/file").c_str(), kStranger, kStranger), 0);
  const int theirs = ::open((folder / "open/file").c_str(), O_RDONLY);
  const Umask umask(077);
  WriteFileAtomically(folder / "open/file", "ours");
  struct stat status {};
  ASSERT_EQ(::stat((folder / "open/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0u);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  char text[16] = {};
  EXPECT_EQ(::read(theirs, text, sizeof text), 6);
  EXPECT_STREQ(text, "theirs");
  ::close(theirs);
}

TEST(AtomicFile, ASignalsHandlerRemovesWhatIsUnfinished) {
  TestFolder folder;
  WriteFileAtomically(folder / "one", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile one(folder / "one"), two(folder / "two");
    {
      AtomicFile done(folder / "done");
      done.Commit();
    }
    AtomicFile three(folder / "three");
    one.Write(std::string(3 << 20, 'x'));
    three.Write("x");
    three.Sync();
    RemoveTemporaryFiles();
    ::_exit(0);  // no destructor
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(ReadFile(folder / "one"), "old");
  EXPECT_TRUE(fs::exists(folder / "done"));
  EXPECT_EQ(Entries(folder), 2u);
}

TEST(AtomicFile, ReportsAFileThatGrowsTooLarge) {
  TestFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit = {1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    try {
      WriteFileAtomically(folder / "file", std::string(3 << 20, 'x'));
    } catch (const Error& error) {
      ::_exit(std::string(error.what()).find("file") != std::string::npos ? 7 : 8);
    }
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(Entries(folder), 0u);
}

TEST(LogFile, GrowsAndReplacesNothing) {
  TestFolder folder;
  LogFile log(folder / "log");
  log.Write("one\n");
  EXPECT_EQ(ReadFile(folder / "log"), "one\n");
  log.Write("two\n");
  EXPECT_EQ(ReadFile(folder / "log"), "one\ntwo\n");
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { LogFile again(folder / "log"); }),
              HasSubstr(folder / "log"));
  fs::create_symlink("elsewhere", fs::path(folder / "link"));
  LogFile through(folder / "link");  // ours
  EXPECT_TRUE(fs::exists(folder / "elsewhere"));
}

TEST(AtomicFile, MakesTheFolder) {
  TestFolder folder;
  WriteFileAtomically(folder / "new/one/file", "x");
  EXPECT_EQ(ReadFile(folder / "new/one/file"), "x");
  WriteFileAtomically(folder / "new/other", "y");
  EXPECT_EQ(ReadFile(folder / "new/other"), "y");
  EXPECT_EQ(Entries(folder), 1u);
}

TEST(MakeFoldersTest, MakesWhatIsMissing) {
  TestFolder folder;
  const Umask umask(0);
  MakeFolders(folder / "a/b//c/", 0700);
  EXPECT_EQ(fs::status(folder / "a/b").permissions(), fs::perms(0700));
  MakeFolders(folder / "a/b/c");
  MakeFolders(folder / "a/./b/../d");
  EXPECT_TRUE(fs::is_directory(folder / "a/d"));
  WriteFileAtomically(folder / "file", "x");
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { MakeFolders(folder / "file/below"); }),
              HasSubstr(folder / "file/below"));
  EXPECT_THROW(MakeFolders(folder / "file"), Error);
}

TEST(ReadFileTest, StopsAtAnEndlessFile) {
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [] { ReadFile("/dev/zero"); }),
              HasSubstr("it is a device, expected a file"));
}

TEST(AtomicFile, ReportsAFolderThatCannotBeSynced) {
  TestFolder folder;
  folders_cannot_be_synced = true;
  const std::string said =
      MessageOf(ErrorCode::kIo, [&] { WriteFileAtomically(folder / "file", "x"); });
  folders_cannot_be_synced = false;
  EXPECT_THAT(said, HasSubstr(folder / "file"));
  EXPECT_THAT(said, HasSubstr("its folder cannot be brought to the disk"));
  EXPECT_EQ(Entries(folder), 1u);
}

TEST(AtomicFile, ReportsAFullDisk) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "SKIPPED: no /dev/full";
  TestFolder folder;
  AtomicFile file(folder / "file");
  // The open file under the writer becomes the device that is always full.
  int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  struct stat wanted {};
  ASSERT_EQ(::stat(TemporaryIn(folder).c_str(), &wanted), 0);
  for (int fd = 3; fd < 256; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) == 0 && status.st_ino == wanted.st_ino &&
        status.st_dev == wanted.st_dev) {
      ASSERT_EQ(::dup2(full, fd), fd);
    }
  }
  ::close(full);
  EXPECT_THAT(MessageOf(ErrorCode::kIo,
                        [&] {
                          file.Write(std::string(2 << 20, 'x'));
                          file.Commit();
                        }),
              HasSubstr(folder / "file"));
}

TEST(FingerprintTest, ReferenceValue) {
  // XXH3, 128 bits, seed 0, of nothing, as `printf "" | xxh128sum` prints it.
  EXPECT_EQ(Fingerprint(""), "99aa06d3014798d86001c324468d497f");
}

TEST(FingerprintTest, StreamEqualsWhole) {
  std::string data;
  for (int i = 0; i < 5000; ++i) data += static_cast<char>(i * 31 + i / 7);
  for (std::size_t piece : {1u, 3u, 16u, 240u, 241u, 1024u, 4999u, 5000u}) {
    FingerprintStream stream;
    for (std::size_t at = 0; at < data.size(); at += piece)
      stream.Add(std::string_view(data).substr(at, piece));
    EXPECT_EQ(stream.Digest(), Fingerprint(data)) << piece;
    EXPECT_EQ(stream.Digest(), Fingerprint(data)) << "asking changes nothing";
  }
  std::string changed = data;
  changed[2500] ^= 1;
  EXPECT_NE(Fingerprint(changed), Fingerprint(data));
}

TEST(FileIo, ExecutableFolder) { EXPECT_TRUE(IsRegularFile(ExecutableFolder() + "/base_test")); }

}  // namespace
}  // namespace vpr
