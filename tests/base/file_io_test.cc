#include "vpr/base/file_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/testing.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

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
  EXPECT_THAT(MessageOf(ErrorCode::kIo, [&] { AtomicFile file(missing + "/below"); }),
              HasSubstr(missing));
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
    EXPECT_EQ(file.temporary_path().rfind(path + ".tmp.", 0), 0u);
    EXPECT_EQ(ReadFile(path), "old");
    file.Sync();
    EXPECT_EQ(ReadFile(path), "old");
    EXPECT_EQ(ReadFile(file.temporary_path()), "new");
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

TEST(AtomicFile, TakesPermissions) {
  TestFolder folder;
  AtomicFile file(folder / "private", 0600);
  file.Commit();
  EXPECT_EQ(fs::status(folder / "private").permissions(), fs::perms(0600));
}

TEST(ReadFileTest, StopsAtAnEndlessFile) {
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument, [] { ReadFile("/dev/zero", 1000); }),
              HasSubstr("more than 1000 bytes"));
}

TEST(AtomicFile, ReportsAFullDisk) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "SKIPPED: no /dev/full";
  TestFolder folder;
  AtomicFile file(folder / "file");
  // The open file under the writer becomes the device that is always full.
  int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  struct stat wanted {};
  ASSERT_EQ(::stat(file.temporary_path().c_str(), &wanted), 0);
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
