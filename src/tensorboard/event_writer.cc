#include "vpr/tensorboard/event_writer.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string LittleEndian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::uint32_t Masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8u; }

std::string Record(const std::string& data) {
  const std::string length = LittleEndian(data.size(), 8);
  return length + LittleEndian(Masked(Crc32c(length)), 4) + data +
         LittleEndian(Masked(Crc32c(data)), 4);
}

// The encoding of protocol buffers: https://protobuf.dev/programming-guides/encoding/. As there,
// proto3's default values are not written, unless they are one of several choices or have presence.
std::string Varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7f) | 0x80);
  return text + static_cast<char>(value);
}

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string Key(std::uint64_t field, WireType type) { return Varint(field << 3 | type); }

std::string Number(std::uint64_t field, std::int64_t value) {
  return Key(field, kVarint) + Varint(static_cast<std::uint64_t>(value));
}
std::string Double(std::uint64_t field, double value) {
  return Key(field, kFixed64) + LittleEndian(std::bit_cast<std::uint64_t>(value), 8);
}
std::string Float(std::uint64_t field, float value) {
  return Key(field, kFixed32) + LittleEndian(std::bit_cast<std::uint32_t>(value), 4);
}
std::string Bytes(std::uint64_t field, std::string_view value) {
  return Key(field, kBytes) + Varint(value.size()) + std::string(value);
}
std::string NonEmpty(std::uint64_t field, std::string_view value) {
  return value.empty() ? "" : Bytes(field, value);
}

// Event.summary with one value.
std::string Summary(const std::string& tag, const std::string& rest) {
  return Bytes(5, Bytes(1, Bytes(1, tag) + rest));
}

// Summary.Value.metadata: which of TensorBoard's plugins shows the value.
std::string Metadata(const char* plugin, const std::string& content) {
  return Bytes(9, Bytes(1, Bytes(1, plugin) + NonEmpty(2, content)));
}

std::string HParams(const std::string& content) {
  return Metadata("hparams", content);  // of version 0, proto3's default
}

// google.protobuf.Value.
std::string ValueOf(const HyperParameter& value) {
  if (const double* number = std::get_if<double>(&value)) return Double(2, *number);
  if (const bool* truth = std::get_if<bool>(&value)) return Number(4, *truth ? 1 : 0);
  return Bytes(3, std::get<std::string>(value));
}

std::int64_t DataTypeOf(const HyperParameter& value) {
  constexpr std::array<std::int64_t, 3> kTypes = {3, 2, 1};  // FLOAT64, BOOL, STRING
  return kTypes[value.index()];
}

std::uint32_t BigEndian32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

// events.out.tfevents.SECONDS.HOST.PID.NUMBER: TensorBoard takes files with "tfevents" in their
// names, in the order of these.
std::string NewPath(const std::string& folder, double time) {
  MakeFolders(folder);
  static std::atomic<int> count{0};
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || std::strchr(host.data(), '/') != nullptr)
    std::strcpy(host.data(), "host");
  return (std::filesystem::path(folder) / Format("events.out.tfevents.%010lld.%s.%d.%d",
                                                 static_cast<long long>(time), host.data(),
                                                 static_cast<int>(getpid()), count++))
      .string();
}

}  // namespace

std::uint32_t Crc32c(std::string_view data) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
      made[i] = crc;
    }
    return made;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (char c : data) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return crc ^ 0xffffffffu;
}

EventWriter::EventWriter(const std::string& folder, std::int64_t first_step, Clock clock)
    : clock_(clock ? std::move(clock) : Clock(Now)),
      path_(NewPath(folder, clock_())),
      file_(path_) {
  Event(0, Bytes(3, "brain.Event:2"));
  constexpr std::int64_t kStart = 1;
  if (first_step > 0) Event(first_step, Bytes(7, Number(1, kStart)));  // SessionLog
}

void EventWriter::Event(std::int64_t step, const std::string& field) {
  file_.Write(Record(Double(1, clock_()) + (step == 0 ? "" : Number(2, step)) + field));
}

void EventWriter::Scalar(const std::string& tag, double value, std::int64_t step) {
  Event(step, Summary(tag, Float(2, static_cast<float>(value))));
}

void EventWriter::Text(const std::string& tag, const std::string& markdown, std::int64_t step) {
  constexpr std::int64_t kString = 7;  // DT_STRING
  const std::string shape = Bytes(2, Bytes(2, Number(1, 1)));
  Event(step, Summary(tag, Bytes(8, Number(1, kString) + shape + Bytes(8, markdown)) +
                               Metadata("text", "")));
}

void EventWriter::Picture(const std::string& tag, std::string_view png, std::int64_t step) {
  // Signature, then the chunk IHDR with width and height.
  if (png.size() < 24 || !png.starts_with("\x89PNG\r\n\x1a\n"))
    throw Error(ErrorCode::kInvalidArgument,
                "the picture '" + Printable(tag) + "' is no PNG; event files take nothing else");
  constexpr std::int64_t kRgb = 3;
  Event(step, Summary(tag, Bytes(4, Number(1, BigEndian32(png.substr(20))) +
                                        Number(2, BigEndian32(png.substr(16))) + Number(3, kRgb) +
                                        Bytes(4, png))));
}

void EventWriter::Settings(const std::map<std::string, HyperParameter>& settings,
                           const std::vector<std::string>& metric_tags) {
  std::string experiment, start;
  for (const auto& [name, value] : settings) {
    experiment += Bytes(4, Bytes(1, name) + Number(4, DataTypeOf(value)));
    start += Bytes(1, Bytes(1, name) + Bytes(2, ValueOf(value)));
  }
  for (const std::string& tag : metric_tags) experiment += Bytes(5, Bytes(1, Bytes(2, tag)));
  constexpr std::int64_t kSuccess = 1;
  Event(0, Summary("_hparams_/experiment", HParams(Bytes(2, experiment))));
  Event(0, Summary("_hparams_/session_start_info", HParams(Bytes(3, start))));
  Event(0, Summary("_hparams_/session_end_info", HParams(Bytes(4, Number(1, kSuccess)))));
}

}  // namespace vpr
