// What a gallery of many enrolled speakers costs: loading it, its memory, searching it.
//   gallery_bench MODEL FOLDER [SPEAKERS...]
// Speakers are drawn from the model's PLDA (its distributions of voices and of recordings),
// enrolled with one utterance each into an SQLite file in FOLDER, and searched for with other draws
// of the same voices. Every figure stands beside what bounds it, measured in the same run: reading
// the templates' bytes from a file, reading the matrix from memory, FAISS's IndexFlatIP over the
// same matrix (which knows no AS-norm: it does less). Prints Markdown.
#include <faiss/IndexFlat.h>
#include <fcntl.h>
#include <omp.h>
#include <unistd.h>

#include <Eigen/Dense>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
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

void ReadWhole(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY);
  std::vector<char> buffer(1 << 20);
  while (::read(fd, buffer.data(), buffer.size()) > 0) {
  }
  ::close(fd);
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

void Measure(const Model& model, const std::string& folder, std::size_t speakers) {
  const Scorer scorer(model.scoring, model.info.calibration);
  const Population population(model.scoring.plda);
  StoreOptions options;
  options.where = folder + "/gallery_bench.db";
  options.create = true;
  const std::string plain = folder + "/gallery_bench.bytes";
  auto remove = [&] {
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(options.where + end);
    std::filesystem::remove(plain);
  };
  remove();
  Progress silent;

  const double enroll = Seconds([&] {
    const auto store = VoiceStore::Open(options);
    std::vector<Enrollment> batch(1000);
    for (std::size_t begin = 0; begin < speakers; begin += batch.size()) {
      batch.resize(std::min(batch.size(), speakers - begin));
      OrderedParallelFor(
          batch.size(), HardwareThreads(), 64,
          [&](std::size_t i) {
            EnrolledUtterance utterance;
            utterance.source = "drawn";
            utterance.enrolled_at = UtcNow();
            utterance.network = model.info.network_fingerprint;
            utterance.speech_seconds = 10;
            utterance.embedding = population.Draw(begin + i, 0);
            batch[i] = {"speaker " + std::to_string(begin + i), {utterance}, {}};
          },
          [](std::size_t) {});
      store->EnrollAll(batch);
    }
  });
  auto load = [&] {
    const auto store = VoiceStore::Open({options.where, {}, false});
    return LoadGallery(*store, scorer, model.info, silent);
  };
  const double prepare = Seconds([&] { load(); });
  Forget(options.where);
  const double load_cold = Seconds([&] { load(); });
  const double load_warm = Best(2, [&] { load(); });
  const double before = ResidentMegabytes();
  const LoadedGallery loaded = load();
  const Gallery& gallery = loaded.gallery;
  const double memory = ResidentMegabytes() - before;
  VPR_CHECK(gallery.size() == speakers);
  {
    std::ofstream bytes(plain, std::ios::binary);
    for (std::size_t i = 0; i < speakers; i += 256)
      bytes << gallery.Encode(i, std::min(i + 256, speakers));
  }
  const double megabytes = static_cast<double>(std::filesystem::file_size(plain)) / 1e6;
  Forget(plain);
  const double read_cold = Seconds([&] { ReadWhole(plain); });
  const double read_warm = Best(2, [&] { ReadWhole(plain); });

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
    right += found[p][0].speaker == p * (speakers / kProbes) ? 1 : 0;

  // What reading the matrix takes, on as many threads.
  std::vector<double> sums(static_cast<std::size_t>(HardwareThreads()));
  const double sweep = Best(repeat, [&] {
    OrderedParallelFor(
        sums.size(), HardwareThreads(), sums.size(),
        [&](std::size_t part) {
          const std::size_t begin = speakers * part / sums.size(),
                            end = speakers * (part + 1) / sums.size();
          const auto* words = reinterpret_cast<const std::uint64_t*>(gallery.values(begin).data());
          std::uint64_t sum = 0;
          for (std::size_t i = 0; i < (end - begin) * dim / 2; ++i) sum += words[i];
          sums[part] = static_cast<double>(sum);
        },
        [](std::size_t) {});
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
      "| %zu | %.1f | %.1f | %.0f | %.2f | %.2f | %.2f | %.2f | %.0f | %.2f | %.2f | %.2f | %.3f | "
      "%.2f | %zu/%zu |\n",
      speakers, enroll, prepare, megabytes, load_cold, load_cold / read_cold, load_warm,
      load_warm / read_warm, memory, memory / megabytes, 1000 * one, sweep / one, 1000 * batch,
      faiss_batch / batch, right, kProbes);
  std::fprintf(stderr,
               "%zu: read cold %.3f s warm %.3f s; sweep %.3f ms (%.1f GB/s); FAISS flat: one %.3f "
               "ms, batch %.3f ms\n",
               speakers, read_cold, read_warm, 1000 * sweep,
               static_cast<double>(speakers * dim * sizeof(float)) / sweep / 1e9, 1000 * faiss_one,
               1000 * faiss_batch);
  std::fflush(stdout);
  remove();
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::fprintf(stderr, "usage: gallery_bench MODEL FOLDER [SPEAKERS...]\n");
    return 2;
  }
  omp_set_num_threads(HardwareThreads());
  const Model model = LoadModel(argv[1]);
  VPR_CHECK(!model.scoring.plda.empty());
  std::printf(
      "| speakers | enroll, s | prepare, s | templates, MB | load, s | / reading the bytes (disk) "
      "| "
      "load again, s | / reading the bytes (cached) | memory, MB | / bytes | one search, ms | "
      "share of it that reading memory takes | of 64 together, ms each | FAISS flat / ours, 64 "
      "together | found |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  std::vector<std::size_t> sizes;
  for (int i = 3; i < argc; ++i) sizes.push_back(std::stoul(argv[i]));
  if (sizes.empty()) sizes = {1000, 10000, 100000, 1000000};
  for (std::size_t size : sizes) Measure(model, argv[2], size);
} catch (const std::exception& error) {
  std::fprintf(stderr, "gallery_bench: %s\n", error.what());
  return 1;
}
