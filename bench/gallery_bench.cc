// What a gallery of many enrolled speakers costs: loading it, its memory, searching it.
//   gallery_bench [--rounds N] [--encrypted] [--keep] MODEL FOLDER [SPEAKERS...]
// Speakers are drawn from the model's PLDA (its distributions of voices and of recordings),
// enrolled with one utterance each into an SQLite file in FOLDER, and searched for with other draws
// of the same voices. Every figure stands beside what bounds it, measured in the same run: reading
// the templates' bytes from a file, reading the matrix from memory, FAISS's IndexFlatIP over the
// same matrix (which knows no AS-norm: it does less). From 100,000 speakers also FAISS's inverted
// file (IVF), whose shortlist would be scored exactly. Prints Markdown, the latter and absolute
// figures to stderr.
#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <fcntl.h>
#include <omp.h>
#include <unistd.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/parallel.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/identify/gallery.h"

namespace {

using namespace vpr;
using Eigen::Index;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

double Seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The shortest of several runs, after one that does not count.
double Best(int runs, const std::function<void()>& work) {
  work();
  double best = 1e9;
  for (int i = 0; i < runs; ++i) best = std::min(best, Seconds(work));
  return best;
}

double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// Takes the file out of the page cache.
void Forget(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  ::fdatasync(fd);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

// The last `size` bytes of a file, into one small buffer that stays in the cache or, as whoever
// wants to use what it reads, into memory of their size.
void ReadEnd(const std::string& path, std::size_t size, bool keep) {
  const auto bytes = std::make_unique_for_overwrite<char[]>(keep ? size : 1 << 20);
  const int fd = ::open(path.c_str(), O_RDONLY);
  ::lseek(fd, -static_cast<off_t>(size), SEEK_END);
  for (std::size_t at = 0; at < size;) {
    const ssize_t got =
        ::read(fd, bytes.get() + (keep ? at : 0), std::min<std::size_t>(1 << 20, size - at));
    VPR_CHECK(got > 0);
    at += static_cast<std::size_t>(got);
  }
  ::close(fd);
}

double Quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

// Draws embeddings: voices by number, and any number of recordings of each.
class Population {
 public:
  explicit Population(const Plda& plda) : plda_(plda) {
    const auto dim = static_cast<Index>(plda.mean.size());
    inverse_ = Eigen::Map<const RowMajor>(plda.transform.data.data(), dim, dim).inverse();
  }
  Embedding Draw(std::size_t voice, std::size_t recording) const {
    Rng speaker(voice), session(1000003 * (voice + 1) + recording);
    Eigen::VectorXf u(inverse_.rows());
    for (Index i = 0; i < u.size(); ++i)
      u[i] = static_cast<float>(speaker.Normal() *
                                    std::sqrt(double{plda_.between[static_cast<std::size_t>(i)]}) +
                                session.Normal());
    const Eigen::VectorXf x =
        inverse_ * u + Eigen::Map<const Eigen::VectorXf>(plda_.mean.data(), u.size());
    Embedding embedding(x.data(), x.data() + x.size());
    Normalize(embedding);
    return embedding;
  }

 private:
  const Plda& plda_;
  RowMajor inverse_;
};

struct Settings {
  std::string model, folder;
  int rounds = 7;  // of a load and the readings it is compared with
  bool encrypted = false;
  bool keep = false;  // the store, which a later run then finds
  std::vector<std::size_t> sizes;
};

void Measure(const Model& model, const Settings& settings, std::size_t speakers) {
  const Scorer scorer(model.scoring, model.info.calibration);
  const Population population(model.scoring.plda);
  StoreOptions options;
  options.where = Format("%s/gallery_bench_%zu%s.db", settings.folder.c_str(), speakers,
                         settings.encrypted ? "_encrypted" : "");
  options.create = true;
  if (settings.encrypted) {
    options.key.key_file = settings.folder + "/gallery_bench.key";
    WriteFileAtomically(options.key.key_file, std::string(32, 'k'));
  }
  const bool there = settings.keep && std::filesystem::exists(options.where);
  auto remove = [&] {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(options.where + end);
  };
  if (!there) remove();
  Progress silent;

  const double enroll = Seconds([&] {
    if (there) return;
    const auto store = VoiceStore::Open(options);
    std::vector<Enrollment> batch(1000);
    for (std::size_t begin = 0; begin < speakers; begin += batch.size()) {
      batch.resize(std::min(batch.size(), speakers - begin));
      ParallelFor(batch.size(), HardwareThreads(), [&](std::size_t i) {
        EnrolledUtterance utterance;
        utterance.source = "drawn";
        utterance.enrolled_at = UtcNow();
        utterance.network = model.info.network_fingerprint;
        utterance.speech_seconds = 10;
        utterance.embedding = population.Draw(begin + i, 0);
        batch[i] = {"speaker " + std::to_string(begin + i), {utterance}, {}};
      });
      store->EnrollAll(batch);
    }
  });
  auto load = [&] {
    const auto store = VoiceStore::Open({options.where, options.key, false});
    return LoadGallery(*store, scorer, model.info, silent);
  };
  const double prepare = Seconds([&] { load(); });
  const double before = ResidentMegabytes();
  const LoadedGallery loaded = load();
  const Gallery& gallery = loaded.gallery;
  const double memory = ResidentMegabytes() - before;
  VPR_CHECK(gallery.size() == speakers);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < speakers; i += 256)
    bytes += gallery.Encode(i, std::min(i + 256, speakers)).size();
  const double megabytes = static_cast<double>(bytes) / 1e6;
  // In turns, beginning with another each time, from the disk and then from the page cache. The
  // templates were written last, so they are at the end of the store.
  const std::vector<std::function<void()>> ways = {
      [&] { load(); }, [&] { ReadEnd(options.where, bytes, /*keep=*/false); },
      [&] { ReadEnd(options.where, bytes, /*keep=*/true); }};
  std::array<std::vector<double>, 3> cold_runs, warm_runs;
  for (int round = 0; round < settings.rounds; ++round) {
    for (std::size_t turn = 0; turn < ways.size(); ++turn) {
      const std::size_t way = (turn + static_cast<std::size_t>(round)) % ways.size();
      Forget(options.where);
      cold_runs[way].push_back(Seconds(ways[way]));
      warm_runs[way].push_back(Seconds(ways[way]));
    }
  }
  std::array<double, 3> cold, warm;
  for (std::size_t way = 0; way < ways.size(); ++way) {
    cold[way] = Quantile(cold_runs[way], 0.5);
    warm[way] = Quantile(warm_runs[way], 0.5);
  }
  // The disk's rate changes from one moment to the next: a load beside the reading right after it.
  const auto paired = [&](const std::array<std::vector<double>, 3>& runs, std::size_t way) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < runs[0].size(); ++i) ratios.push_back(runs[0][i] / runs[way][i]);
    return Format("%.2f (%.2f to %.2f)", Quantile(ratios, 0.5), Quantile(ratios, 0.25),
                  Quantile(ratios, 0.75));
  };

  // Voices spread over the gallery, and as many strangers.
  constexpr std::size_t kProbes = 64, kTop = 10;
  std::vector<Voiceprint> probes;
  std::vector<float> matrix;
  for (std::size_t p = 0; p < kProbes; ++p) {
    probes.push_back(scorer.MakeVoiceprint(population.Draw(p * (speakers / kProbes), 1), 3));
    matrix.insert(matrix.end(), probes.back().values.begin(), probes.back().values.end());
  }
  const std::size_t dim = gallery.dim();
  const int repeat = speakers >= 100000 ? 5 : 50;
  const double one = Best(repeat, [&] { gallery.Search(probes[0], kTop); });
  const double batch = Best(repeat / 5 + 1, [&] { gallery.Search(probes, kTop); }) / kProbes;
  std::size_t right = 0;
  const auto found = gallery.Search(probes, kTop);
  for (std::size_t p = 0; p < kProbes; ++p)
    right +=
        gallery.name(found[p][0].speaker) == "speaker " + std::to_string(p * (speakers / kProbes))
            ? 1
            : 0;

  // What reading the matrix takes, on as many threads.
  std::vector<double> sums(static_cast<std::size_t>(HardwareThreads()));
  const double sweep = Best(repeat, [&] {
    ParallelFor(sums.size(), HardwareThreads(), [&](std::size_t part) {
      const std::size_t begin = speakers * part / sums.size(),
                        end = speakers * (part + 1) / sums.size();
      const auto* words = reinterpret_cast<const std::uint64_t*>(gallery.values(begin).data());
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < (end - begin) * dim / 2; ++i) sum += words[i];
      sums[part] = static_cast<double>(sum);
    });
  });
  faiss::IndexFlatIP flat(static_cast<faiss::Index::idx_t>(dim));
  flat.add(static_cast<faiss::Index::idx_t>(speakers), gallery.values(0).data());
  std::vector<float> distances(kProbes * kTop);
  std::vector<faiss::Index::idx_t> labels(kProbes * kTop);
  auto search = [&](faiss::Index& index, std::size_t count) {
    index.search(static_cast<faiss::Index::idx_t>(count), matrix.data(), kTop, distances.data(),
                 labels.data());
  };
  const double faiss_one = Best(repeat, [&] { search(flat, 1); });
  const double faiss_batch = Best(repeat / 5 + 1, [&] { search(flat, kProbes); }) / kProbes;

  std::printf(
      "| %zu | %.0f | %.1f | %.1f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.3f | "
      "%.2f | %zu/%zu |\n",
      speakers, megabytes, enroll, prepare, cold[0], cold[0] / cold[2], cold[0] / cold[1], warm[0],
      warm[0] / warm[2], memory / megabytes, 1000 * one, faiss_one / one, 1000 * batch,
      faiss_batch / batch, right, kProbes);
  std::fflush(stdout);
  std::fprintf(stderr,
               "%zu: through a buffer %.3f s, cached %.3f s; into memory %.3f s, cached %.3f s; "
               "sweep %.3f ms (%.1f GB/s); FAISS flat: one %.3f ms, batch %.3f ms\n",
               speakers, cold[1], warm[1], cold[2], warm[2], 1000 * sweep,
               static_cast<double>(speakers * dim * sizeof(float)) / sweep / 1e9, 1000 * faiss_one,
               1000 * faiss_batch);

  std::fprintf(stderr,
               "  a load / reading in the same round, median (quartiles) of %d: into memory %s, "
               "cached %s; through a buffer %s, cached %s\n",
               settings.rounds, paired(cold_runs, 2).c_str(), paired(warm_runs, 2).c_str(),
               paired(cold_runs, 1).c_str(), paired(warm_runs, 1).c_str());

  if (speakers >= 100000) {
    faiss::IndexFlatIP coarse(static_cast<faiss::Index::idx_t>(dim));
    faiss::IndexIVFFlat inverted(&coarse, dim, 1024, faiss::METRIC_INNER_PRODUCT);
    const double build = Seconds([&] {
      inverted.train(static_cast<faiss::Index::idx_t>(std::min<std::size_t>(speakers, 262144)),
                     gallery.values(0).data());
      inverted.add(static_cast<faiss::Index::idx_t>(speakers), gallery.values(0).data());
    });
    for (const std::size_t visited : {8, 32, 128}) {
      inverted.nprobe = visited;
      constexpr std::size_t kShort = 100;
      distances.resize(kProbes * kShort);
      labels.resize(kProbes * kShort);
      auto shortlist = [&](std::size_t count) {
        inverted.search(static_cast<faiss::Index::idx_t>(count), matrix.data(), kShort,
                        distances.data(), labels.data());
      };
      const double time_one = Best(repeat, [&] { shortlist(1); });
      const double time_batch = Best(1, [&] { shortlist(kProbes); }) / kProbes;
      std::size_t same = 0;
      for (std::size_t p = 0; p < kProbes; ++p) {
        const auto first = labels.begin() + static_cast<std::ptrdiff_t>(p * kShort);
        const auto best = static_cast<faiss::Index::idx_t>(found[p][0].speaker);
        same += std::find(first, first + kShort, best) != first + kShort ? 1 : 0;
      }
      std::fprintf(stderr,
                   "  IVF of 1024 lists, made in %.1f s, %zu visited: one %.3f ms, batch %.3f ms "
                   "each; the best is among the first %zu: %zu/%zu\n",
                   build, visited, 1000 * time_one, 1000 * time_batch, kShort, same, kProbes);
    }
  }
  if (!settings.keep) {
    remove();
    if (settings.encrypted) std::filesystem::remove(options.key.key_file);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Settings settings;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--encrypted") {
      settings.encrypted = true;
    } else if (word == "--keep") {
      settings.keep = true;
    } else if (word == "--rounds" && i + 1 < argc) {
      settings.rounds = std::max(1, std::atoi(argv[++i]));
    } else {
      words.push_back(word);
    }
  }
  if (words.size() < 2) {
    std::fprintf(stderr,
                 "usage: gallery_bench [--rounds N] [--encrypted] [--keep] MODEL FOLDER "
                 "[SPEAKERS...]\n");
    return 2;
  }
  settings.model = words[0];
  settings.folder = words[1];
  omp_set_num_threads(HardwareThreads());
  const Model model = LoadModel(settings.model);
  VPR_CHECK(!model.scoring.plda.empty());
  std::printf(
      "| speakers | templates, MB | enroll, s | prepare, s | load, s | / reading into memory | / "
      "reading through | again, s | / reading into memory | memory / bytes | one search, ms | "
      "FAISS "
      "/ ours | 64 at once, ms each | FAISS / ours | found |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (std::size_t i = 2; i < words.size(); ++i) settings.sizes.push_back(std::stoul(words[i]));
  if (settings.sizes.empty()) settings.sizes = {1000, 10000, 100000, 1000000};
  for (const std::size_t size : settings.sizes) Measure(model, settings, size);
} catch (const std::exception& error) {
  std::fprintf(stderr, "gallery_bench: %s\n", error.what());
  return 1;
}
