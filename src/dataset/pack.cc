#include "vpr/dataset/pack.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "vpr/audio/folder.h"
#include "vpr/audio/pcm16.h"
#include "vpr/audio/speech.h"
#include "vpr/base/error.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/dataset/source.h"
#include "vpr/features/mel.h"

namespace vpr {
namespace {

// What one file becomes.
struct Packed {
  struct Piece {
    std::string key;
    std::vector<std::uint8_t> payload;
    double seconds;
  };
  std::vector<Piece> pieces;
  std::optional<SpeechReader> speech;  // of a long recording: the one piece, not yet read
  std::string reason;                  // why there are neither
  std::vector<std::string> warnings;
};

// Speech up to this long is made a payload as soon as it is read; longer speech is read again when
// its turn to be written comes, so that it is never in memory whole.
constexpr std::size_t kHeldSamples = std::size_t{300} * kSampleRate;

void Validate(const PackOptions& options) {
  auto refuse = [](const std::string& what) { throw Error(ErrorCode::kInvalidArgument, what); };
  if (options.sources.empty()) refuse("nothing to pack: expected a folder or a list of recordings");
  if (options.prefix.empty() || options.prefix.ends_with('/'))
    refuse("cannot write data set '" + Printable(options.prefix) +
           "': expected a prefix that ends with a name, such as data/train");
  if (options.crops < 1) refuse(Format("crops: found %d, expected at least 1", options.crops));
  if (!(options.trim_top_db >= 0 && options.trim_top_db <= 200))
    refuse(Format("top-db: found %g, expected 0 (no trimming) to 200", options.trim_top_db));
  if (!(options.min_seconds >= 0 && options.min_seconds <= 3600))
    refuse(Format("min-seconds: found %g, expected 0 to 3600", options.min_seconds));
  if (options.dev_speakers < 0)
    refuse(Format("dev-speakers: found %d, expected at least 0", options.dev_speakers));
  if (options.test_every < 0 || options.test_every == 1)
    refuse(Format("test-every: found %d, expected 0 (none) or at least 2", options.test_every));
  if (options.dev_speakers > 0 && options.test_every > 0)
    refuse("dev-speakers and test-every exclude each other: hold out speakers or utterances");
}

// Where channels are separate, each is an utterance and a speaker: the person of a channel.
void AddWithChannels(const ReadOptions& read, Utterance utterance, std::vector<Utterance>& all) {
  if (read.separate) {
    const std::vector<std::string> paths = SplitChannels({utterance.path}, read);
    for (std::size_t i = 0; i < paths.size() && paths.size() > 1; ++i) {
      const std::string channel = "#" + std::to_string(i + 1);
      const bool known = !utterance.speaker.empty() && utterance.speaker != kUnlabelled;
      all.push_back({utterance.key + channel, paths[i],
                     known ? utterance.speaker + channel : utterance.speaker});
    }
    if (paths.size() > 1) return;
  }
  all.push_back(std::move(utterance));
}

std::vector<Utterance> ListAll(const PackOptions& options, Progress& progress) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  for (const std::string& source : options.sources) {
    fs::path path = fs::path(source).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "corpus/"
    names.push_back(Printable(path.filename().string()));
  }
  // Folders of one name, as a/wav and b/wav: the whole path tells them apart.
  if (std::set<std::string>(names.begin(), names.end()).size() < names.size()) {
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = Printable(options.sources[i]);
  }
  std::vector<Utterance> all;
  for (std::size_t i = 0; i < options.sources.size(); ++i) {
    std::string layout;
    LeftOut left_out;
    std::vector<Utterance> listed =
        ListUtterances(options.sources[i], options.layout, &layout, &left_out);
    progress.Info(Format("%zu recordings in '", listed.size()) + Printable(options.sources[i]) +
                  "' (layout " + layout + ")");
    WarnOfLeftOut(options.sources[i], left_out, progress);
    for (Utterance& utterance : listed) {
      if (options.sources.size() > 1) utterance.key = names[i] + "/" + utterance.key;
      if (!options.audio_root.empty()) {
        // As the list has it: where it was looked for is the list's folder.
        fs::path listed_path = utterance.path;
        const fs::path inside =
            listed_path.lexically_relative(fs::path(options.sources[i]).parent_path());
        if (!inside.empty() && *inside.begin() != "..") listed_path = inside;
        const fs::path below = fs::path(options.audio_root) / listed_path;
        std::error_code error;
        if (listed_path.is_relative() &&
            (fs::exists(below, error) || !fs::exists(utterance.path, error)))
          utterance.path = below.string();
      }
      AddWithChannels(options.read, std::move(utterance), all);
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Utterance& a, const Utterance& b) { return a.key < b.key; });
  auto same =
      std::adjacent_find(all.begin(), all.end(),
                         [](const Utterance& a, const Utterance& b) { return a.key == b.key; });
  if (same != all.end())
    throw Error(ErrorCode::kInvalidArgument,
                "two sources hold '" + Printable(same->key) + "': each source may be given once");
  return all;
}

std::set<std::string> ChooseDevSpeakers(const PackOptions& options,
                                        const std::vector<Utterance>& utterances) {
  if (options.dev_speakers == 0) return {};
  std::set<std::string> names;
  for (const Utterance& utterance : utterances) {
    if (!utterance.speaker.empty()) names.insert(utterance.speaker);
  }
  auto count = static_cast<std::size_t>(options.dev_speakers);
  if (count >= names.size())
    throw Error(ErrorCode::kInvalidArgument,
                Format("dev-speakers: cannot hold out %zu of %zu speakers: none would be left to "
                       "train on",
                       count, names.size()));
  std::vector<std::string> order(names.begin(), names.end());
  Rng(options.seed).Shuffle(order);
  return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)};
}

// Distinct random offsets of crops, in the order drawn; they depend on seed and key alone.
std::vector<std::size_t> DrawOffsets(const PackOptions& options, const std::string& key,
                                     std::size_t samples) {
  std::size_t places = samples - kMel64Samples + 1;
  std::size_t count = std::min(static_cast<std::size_t>(options.crops), places);
  Rng rng(options.seed, XXH3_64bits(key.data(), key.size()));
  std::vector<std::size_t> offsets;
  while (offsets.size() < count) {
    std::size_t offset = rng.Below(places);
    if (std::find(offsets.begin(), offsets.end(), offset) == offsets.end())
      offsets.push_back(offset);
  }
  return offsets;
}

Packed::Piece MelPiece(const MelComputer& mel, std::span<const float> samples, std::string key) {
  std::vector<float> values(kMel64Bands * kMel64Frames);
  mel.ComputeMel(samples, values.data(), kMel64Frames);
  std::vector<std::uint8_t> payload(kMel64Bytes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    double value = static_cast<double>(values[i]);
    std::memcpy(payload.data() + i * sizeof value, &value, sizeof value);
  }
  return {std::move(key), std::move(payload), static_cast<double>(kMel64Samples) / kSampleRate};
}

// The crops at `offsets`, in that order, of speech of at least kMel64Samples. Of the speech no more
// is kept than the crops need.
std::vector<Packed::Piece> MelPieces(const MelComputer& mel, SpeechReader& speech,
                                     const std::vector<std::size_t>& offsets,
                                     const std::string& key, const OnRead& on_read) {
  std::vector<std::size_t> order(offsets.size());  // by offset
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return offsets[a] < offsets[b]; });
  std::vector<Packed::Piece> pieces(offsets.size());
  std::vector<float> recent;
  std::size_t begin = 0, next = 0;  // of `recent`, in the speech; in `order`
  auto cut = [&] {
    for (; next < order.size(); ++next) {
      const std::size_t offset = offsets[order[next]];
      if (offset + kMel64Samples > begin + recent.size()) break;
      pieces[order[next]] = MelPiece(mel, std::span(recent).subspan(offset - begin, kMel64Samples),
                                     key + "#" + std::to_string(order[next] + 1));
    }
    const std::size_t needed = next < order.size() ? offsets[order[next]] : begin + recent.size();
    const std::size_t unused = std::min(needed - std::min(needed, begin), recent.size());
    recent.erase(recent.begin(), recent.begin() + static_cast<std::ptrdiff_t>(unused));
    begin += unused;
  };
  speech.ForEachBlock(
      [&](std::span<const float> block) {
        recent.insert(recent.end(), block.begin(), block.end());
        cut();
      },
      on_read);
  VPR_CHECK(next == order.size());
  return pieces;
}

Packed PackOne(const PackOptions& options, const MelComputer& mel, const Utterance& utterance,
               const OnRead& on_read) {
  Packed packed;
  try {
    SpeechOptions speech_options;
    speech_options.trim = options.trim_top_db > 0;
    speech_options.trim_top_db = options.trim_top_db;
    speech_options.min_seconds = options.min_seconds;
    ReadOptions read = options.read;
    read.sample_rate = kSampleRate;
    SpeechReader speech(AudioSource(utterance.path, read), speech_options);
    speech.Find([&](double share) { on_read(share / 2); });
    packed.warnings = speech.source().warnings();
    const std::size_t samples = speech.num_speech_samples();
    if (utterance.speaker.empty())
      throw Error(ErrorCode::kUnusable, "no speaker for '" + Printable(utterance.path) +
                                            "': it lies where the layout has no recordings");
    if (samples == 0)
      throw Error(ErrorCode::kUnusable, "no speech in '" + Printable(utterance.path) + "'");
    if (options.payload == PayloadKind::kPcm16) {
      if (samples > std::numeric_limits<std::uint32_t>::max() / 2)
        throw Error(ErrorCode::kUnusable,
                    "cannot pack '" + Printable(utterance.path) +
                        "': more than 37 hours of speech; cut it into shorter files");
      if (samples > kHeldSamples)
        packed.speech.emplace(std::move(speech));
      else
        packed.pieces.push_back({utterance.key, EncodePcm16(speech.ReadAll()),
                                 static_cast<double>(samples) / kSampleRate});
      return packed;
    }
    if (samples < kMel64Samples) {
      // Shorter speech is repeated until it fills the window.
      std::vector<float> repeated = speech.ReadAll();
      for (std::size_t i = 0; repeated.size() < kMel64Samples; ++i) repeated.push_back(repeated[i]);
      packed.pieces.push_back(MelPiece(mel, repeated, utterance.key + "#1"));
    } else {
      packed.pieces = MelPieces(mel, speech, DrawOffsets(options, utterance.key, samples),
                                utterance.key, [&](double share) { on_read((1 + share) / 2); });
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal || error.code() == ErrorCode::kInterrupted) throw;
    packed.pieces.clear();
    packed.reason = error.what();
  } catch (const std::bad_alloc&) {
    packed.pieces.clear();
    packed.reason =
        "cannot pack '" + Printable(utterance.path) + "': it is too long for the memory";
  }
  return packed;
}

}  // namespace

PackReport Pack(const PackOptions& options, Progress& progress, const StopRequested& stop) {
  Validate(options);
  std::vector<Utterance> utterances = ListAll(options, progress);
  std::set<std::string> dev_speakers = ChooseDevSpeakers(options, utterances);
  const auto range = options.shard.Range(utterances.size());  // Clang 14 cannot capture bindings
  const std::size_t begin = range.first, end = range.second;
  const std::size_t count = end - begin;
  if (count == 0)
    throw Error(ErrorCode::kUnusable,
                Format("shard %zu/%zu of %zu recordings holds none; use fewer shards",
                       options.shard.index, options.shard.count, utterances.size()));

  PackReport report;
  DatasetInfo info;
  info.payload = options.payload;
  info.trim_top_db = options.trim_top_db;
  for (const std::string& source : options.sources)
    info.source += (info.source.empty() ? "" : " ") + source;
  PackedWriter train(options.prefix, info);
  std::optional<PackedWriter> held_out;
  if (options.dev_speakers > 0) report.held_out_prefix = options.prefix + "-dev";
  if (options.test_every > 0) report.held_out_prefix = options.prefix + "-test";
  if (!report.held_out_prefix.empty()) held_out.emplace(report.held_out_prefix, info);

  FeatureOptions features;
  features.trim_top_db = options.trim_top_db;
  const MelComputer mel(features);
  int threads = options.threads > 0 ? options.threads : HardwareThreads();
  // A few finished files may wait for a slow one before them; their number bounds the memory.
  std::size_t window = 4 * static_cast<std::size_t>(threads);
  std::vector<Packed> slots(window);
  bool any_train = false, any_held_out = false;
  progress.Start("packing", "file", count);
  PartialProgress partial(progress, stop, window);
  auto produce = [&](std::size_t i) {
    slots[i % window] = PackOne(options, mel, utterances[begin + i],
                                [&, i](double share) { partial.Update(i % window, share); });
  };
  std::size_t done = 0;
  auto consume = [&](std::size_t i) {
    const Utterance& utterance = utterances[begin + i];
    Packed packed = std::exchange(slots[i % window], {});
    bool out = dev_speakers.contains(utterance.speaker) ||
               (options.test_every > 0 &&
                (begin + i + 1) % static_cast<std::size_t>(options.test_every) == 0);
    PackedWriter& writer = out ? *held_out : train;
    for (const std::string& warning : packed.warnings)
      progress.Warn("'" + Printable(utterance.path) + "': " + warning);
    for (const Packed::Piece& piece : packed.pieces)
      writer.Add(piece.key, utterance.speaker, piece.payload, piece.seconds);
    if (packed.speech) {
      const std::size_t samples = packed.speech->num_speech_samples();
      writer.Begin(utterance.key, utterance.speaker, 2 * std::uint64_t{samples},
                   static_cast<double>(samples) / kSampleRate);
      packed.speech->ForEachBlock(
          [&](std::span<const float> block) { writer.Append(EncodePcm16(block)); },
          [&](double share) { partial.Update(i % window, (1 + share) / 2); });
    }
    const bool any = packed.speech || !packed.pieces.empty();
    if (any) (out ? any_held_out : any_train) = true;
    if (!any) report.skipped.push_back({utterance.path, std::move(packed.reason)});
    done = i + 1;
    partial.Done(i % window);
    progress.Update(i + 1, report.skipped.empty() ? std::string()
                                                  : Format("%zu skipped", report.skipped.size()));
  };
  try {
    OrderedParallelFor(count, threads, window, produce, consume, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInterrupted) throw;  // in the midst of a file: said below
  }
  progress.Finish();
  if (done < count)
    throw Error(ErrorCode::kInterrupted,
                Format("packing stopped after %zu of %zu files; nothing was written", done, count));
  if (!any_train && !any_held_out) return report;
  if (options.shard.whole() && (!any_train || (held_out && !any_held_out))) {
    for (const Skipped& skipped : report.skipped) progress.Warn("skipped: " + skipped.reason);
    throw Error(ErrorCode::kUnusable,
                any_train
                    ? "no usable recording went into the part held out; hold out more, or nothing"
                    : "no usable recording is left to train on: all lie in the part held out");
  }
  if (held_out)
    PackedWriter::CommitBoth(train, *held_out, report.train, report.held_out,
                             !options.shard.whole());
  else
    report.train = train.Commit();
  return report;
}

}  // namespace vpr
