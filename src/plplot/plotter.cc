// Pictures with PLplot.
#include <plplot/plplot.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <span>
#include <string_view>

#include "features/mel_scale.h"
#include "plot/plotter.h"
#include "vpr/base/api.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"
#include "vpr/plot/plot.h"

namespace vpr {
namespace {

struct Rgb {
  PLINT r, g, b;
};

// Colour indices of map 0. Curves have the colours of Okabe and Ito, told apart by colour-blind
// readers as well.
constexpr PLINT kBackground = 0, kText = 1, kGrid = 2, kFirstCurve = 3;
constexpr std::array<Rgb, 10> kColours = {{{255, 255, 255},
                                           {40, 40, 40},
                                           {222, 222, 222},
                                           {0, 114, 178},
                                           {213, 94, 0},
                                           {0, 158, 115},
                                           {204, 121, 167},
                                           {230, 159, 0},
                                           {86, 180, 233},
                                           {0, 0, 0}}};
constexpr std::size_t kCurveColours = kColours.size() - kFirstCurve;

// The colour map "inferno" of matplotlib (CC0), every 32nd of its 256 colours.
constexpr std::array<Rgb, 9> kInferno = {{{0, 0, 4},
                                          {31, 12, 72},
                                          {85, 15, 109},
                                          {136, 34, 106},
                                          {186, 54, 85},
                                          {227, 89, 51},
                                          {249, 140, 10},
                                          {249, 201, 50},
                                          {252, 255, 164}}};

constexpr double kTextScale = 0.78;

// Text as PLplot takes it: '#' begins its own markup, "##" is the character.
std::string Text(std::string_view text) {
  std::string escaped;
  for (char c : Printable(text)) escaped += c == '#' ? std::string("##") : std::string(1, c);
  return escaped;
}

// Draws a picture of width x height pixels, in memory, since PLplot does not notice what it cannot
// write, and returns the PNG file. PLplot keeps its state in global variables, so one is drawn at a
// time.
std::string Draw(PLINT width, PLINT height, const std::function<void()>& draw) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::array<PLINT, kColours.size()> r, g, b;
  for (std::size_t i = 0; i < kColours.size(); ++i)
    r[i] = kColours[i].r, g[i] = kColours[i].g, b[i] = kColours[i].b;
  char* bytes = nullptr;
  std::size_t size = 0;
  std::FILE* memory = ::open_memstream(&bytes, &size);
  if (memory == nullptr) throw std::bad_alloc();
  PLINT before = 0, stream = 0;  // the application's own goes on afterwards
  plgstrm(&before);
  plmkstrm(&stream);
  plsexit([](const char*) { return 0; });  // a fault of PLplot must not end the program
  plsdev("pngcairo");
  plsfile(memory);  // which PLplot closes
  plspage(96, 96, width, height, 0, 0);
  plscmap0(r.data(), g.data(), b.data(), static_cast<PLINT>(kColours.size()));
  plinit();
  plscmap1n(256);
  plfontld(0);
  plsfont(PL_FCI_SANS, PL_FCI_UPRIGHT, PL_FCI_MEDIUM);
  pladv(0);
  draw();
  plend1();
  plsexit(nullptr);
  plsstrm(before);
  const std::unique_ptr<char, decltype(&std::free)> owner(bytes, std::free);
  constexpr std::string_view kEnd = "IEND\xAE\x42\x60\x82";
  const std::string_view png(bytes == nullptr ? "" : bytes, size);
  if (!png.ends_with(kEnd))
    throw Error(ErrorCode::kIo, "the picture could not be drawn: PLplot gave none, or part of one");
  return std::string(png);
}

// Sets the map of continuous colours; 0 is its first and 1 its last.
void SetInferno() {
  std::array<PLFLT, kInferno.size()> position, r, g, b;
  for (std::size_t i = 0; i < kInferno.size(); ++i) {
    position[i] = static_cast<PLFLT>(i) / static_cast<PLFLT>(kInferno.size() - 1);
    r[i] = kInferno[i].r / 255.0, g[i] = kInferno[i].g / 255.0, b[i] = kInferno[i].b / 255.0;
  }
  plscmap1l(true, static_cast<PLINT>(kInferno.size()), position.data(), r.data(), g.data(),
            b.data(), nullptr);
}

// 1, 2 or 5 times a power of ten, so that `range` has at most `count` steps of it.
double NiceStep(double range, int count) {
  double step = std::pow(10.0, std::floor(std::log10(range / count)));
  for (double factor : {1.0, 2.0, 5.0, 10.0})
    if (step * factor * count >= range) return step * factor;
  return step * 10;
}

// The range of an axis.
struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void Include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Makes it wide enough to draw, whatever was included.
  void Settle() {
    if (low > high) low = 0, high = 1;
    if (low == high) low -= 0.5, high += 0.5;
  }
};

void FillBox(double x0, double x1, double y0, double y1) {
  PLFLT x[] = {x0, x1, x1, x0}, y[] = {y0, y0, y1, y1};
  plfill(4, x, y);
}

// The largest and smallest sample in each of `columns` stretches of the waveform.
void DrawWaveform(const std::vector<float>& samples, double seconds, int columns) {
  std::size_t count = std::min<std::size_t>(samples.size(), static_cast<std::size_t>(columns));
  std::vector<PLFLT> x, y;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t begin = i * samples.size() / count, end = (i + 1) * samples.size() / count;
    auto [low, high] = std::minmax_element(samples.begin() + static_cast<std::ptrdiff_t>(begin),
                                           samples.begin() + static_cast<std::ptrdiff_t>(end));
    double time = seconds * static_cast<double>(begin) / static_cast<double>(samples.size());
    x.insert(x.end(), {time, time});
    y.insert(y.end(), {static_cast<PLFLT>(*low), static_cast<PLFLT>(*high)});
  }
  plline(static_cast<PLINT>(x.size()), x.data(), y.data());
}

// What the colours of a spectrogram mean.
struct Image {
  Matrix values;
  double low = 0, high = 1;
  const char* unit = "dB";
};

Image ToImage(const Matrix& features, const FeatureOptions& options, std::size_t max_columns) {
  constexpr double kRange = 80;  // dB below the loudest value that are shown
  Image image;
  std::size_t columns = std::min(features.cols, max_columns);
  image.values = Matrix(features.rows, columns);
  for (std::size_t m = 0; m < features.rows; ++m)
    for (std::size_t c = 0; c < columns; ++c) {
      const float* begin = features.row(m) + c * features.cols / columns;
      const float* end = features.row(m) + (c + 1) * features.cols / columns;
      image.values(m, c) = *std::max_element(begin, end);
    }
  if (options.kind == FeatureKind::kMel && !options.mean_norm) ApplyPowerToDb(image.values);
  if (options.kind == FeatureKind::kMel && options.mean_norm) image.unit = "power";
  if (options.kind == FeatureKind::kLogMel)
    for (float& value : image.values.data) value *= static_cast<float>(10 / std::log(10.0));
  auto [low, high] = std::minmax_element(image.values.data.begin(), image.values.data.end());
  image.low = *low, image.high = *high;
  if (options.kind == FeatureKind::kLogMel && !options.mean_norm) {
    for (float& value : image.values.data) value -= static_cast<float>(image.high);
    image.low -= image.high;
    image.high = 0;
  }
  if (!options.mean_norm) image.low = std::max(image.low, image.high - kRange);
  if (!(image.high - image.low > 1e-6)) image.low = image.high - 1;  // all values alike
  return image;
}

// The standard normal quantile, by halving.
double Probit(double share) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
  }
  return (low + high) / 2;
}

// The legend's line of the n-th series, to the right of the panel, in the colour set.
void DrawLegendLine(std::size_t n, const std::string& name) {
  plmtex("rv", 1.2, 0.95 - 0.09 * static_cast<double>(n), 0.0, (Text("— ") + Text(name)).c_str());
}

void DrawColourBar(const Image& image) {
  constexpr int kSteps = 256;
  for (int i = 0; i < kSteps; ++i) {
    double step = (image.high - image.low) / kSteps, low = image.low + i * step;
    plcol1(static_cast<PLFLT>(i) / (kSteps - 1));
    FillBox(0, 1, low, std::min(low + 2 * step, image.high));  // overlapping: no seams
  }
}

// Pages with a time axis.
constexpr PLINT kPageWidth = 1200;
constexpr double kLeft = 0.088, kRight = 0.905;
constexpr auto kImageColumns = static_cast<std::size_t>(kPageWidth * (kRight - kLeft));

struct TimeAxis {
  double hop, seconds;
  std::size_t frames;
  TimeAxis(std::size_t samples, std::size_t num_frames, const FeatureOptions& options)
      : hop(static_cast<double>(options.hop_length) / options.sample_rate),
        seconds(std::max(static_cast<double>(samples) / options.sample_rate,
                         hop * static_cast<double>(num_frames) / 2)),
        frames(num_frames) {}
};

// Panels from `bottom` to `top`, shares of the page's height.
void WaveformPanel(const std::vector<float>& samples, const TimeAxis& time,
                   const std::string& title, double bottom, double top) {
  double peak = 1e-3;
  for (float sample : samples) peak = std::max(peak, std::abs(static_cast<double>(sample)));
  plcol0(kText);
  plvpor(kLeft, kRight, bottom, top);
  plwind(0, time.seconds, -1.08 * peak, 1.08 * peak);
  plschr(0, kTextScale);
  plcol0(kGrid);
  plbox("g", NiceStep(time.seconds, 10), 0, "g", NiceStep(2 * peak, 5), 0);
  plcol0(kFirstCurve);
  DrawWaveform(samples, time.seconds, static_cast<int>(2 * kImageColumns));
  plcol0(kText);
  plbox("bc", 0, 0, "bcntv", NiceStep(2 * peak, 5), 0);
  plmtex("l", 5.2, 0.5, 0.5, "Amplitude");
  plschr(0, 1.25 * kTextScale);
  plmtex("t", 1.0, 0.5, 0.5, Text(title).c_str());
  plschr(0, kTextScale);
}

// Rows are drawn at 0 .. rows.
void ImagePanel(const Image& image, const TimeAxis& time, double bottom, double top) {
  const double rows = static_cast<double>(image.values.rows);
  plvpor(kLeft, kRight, bottom, top);
  plwind(0, time.seconds, 0, rows);
  SetInferno();
  std::vector<std::vector<PLFLT>> columns;
  std::vector<const PLFLT*> pointers;
  for (std::size_t c = 0; c < image.values.cols; ++c) {
    columns.emplace_back();
    for (std::size_t m = 0; m < image.values.rows; ++m)
      columns.back().push_back(
          std::clamp(static_cast<double>(image.values(m, c)), image.low, image.high));
  }
  for (const std::vector<PLFLT>& column : columns) pointers.push_back(column.data());
  // A frame is centred on its time.
  const double begin = -time.hop / 2, end = time.hop * (static_cast<double>(time.frames) - 0.5);
  plimage(pointers.data(), static_cast<PLINT>(image.values.cols),
          static_cast<PLINT>(image.values.rows), begin, end, 0, rows, image.low, image.high, begin,
          end, 0, rows);
  plcol0(kText);
  plbox("bc", 0, 0, "bc", 0, 0);
  plbox("bti", NiceStep(time.seconds, 10), 0, "", 0, 0);
}

// Below the panel drawn last.
void TimeLabels(const TimeAxis& time) {
  plbox("bnti", NiceStep(time.seconds, 10), 0, "", 0, 0);
  plmtex("b", 3.2, 0.5, 0.5, "Time (s)");
}

// Left of the panel drawn last, which is linear in mel.
void MelAxis(const FeatureOptions& options, std::size_t num_rows) {
  const double rows = static_cast<double>(num_rows);
  const double low = HzToMel(options.fmin), high = HzToMel(options.fmax);
  for (double hz : {0.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0}) {
    if (hz < options.fmin || hz > options.fmax) continue;
    // Row m is centred on edge m + 1 of the n_mels + 2 edges of the filters.
    double row = (HzToMel(hz) - low) / (high - low) * (rows + 1) - 0.5;
    row = std::clamp(row, 0.0, rows);
    PLFLT x0, x1, y0, y1;
    plgvpw(&x0, &x1, &y0, &y1);
    plcol0(kGrid);
    pljoin(0, row, 0.006 * x1, row);
    plcol0(kText);
    plmtex("lv", 0.8, row / rows, 1.0, Format("%g", hz).c_str());
  }
  plmtex("l", 5.2, 0.5, 0.5, "Frequency (Hz), mel scale");
}

void RowLabel(std::size_t row, std::size_t rows, const std::string& label) {
  plmtex("lv", 0.8, (static_cast<double>(row) + 0.5) / static_cast<double>(rows), 1.0,
         Text(label).c_str());
}

void ColourBar(const Image& image, double bottom, double top) {
  plvpor(kRight + 0.02, kRight + 0.038, bottom, top);
  plwind(0, 1, image.low, image.high);
  DrawColourBar(image);
  plcol0(kText);
  plbox("bc", 0, 0, "bc", 0, 0);
  plbox("", 0, 0, "cmtiv", NiceStep(image.high - image.low, 8), 0);
  plmtex("t", 1.0, 0.5, 0.5, image.unit);
}

// Values as they are; frames that do not have a column of their own are averaged.
Image PlainImage(const Matrix& features, const char* unit) {
  Image image;
  image.unit = unit;
  const std::size_t columns = std::min(features.cols, kImageColumns);
  image.values = Matrix(features.rows, columns);
  for (std::size_t r = 0; r < features.rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      const float* begin = features.row(r) + c * features.cols / columns;
      const float* end = features.row(r) + (c + 1) * features.cols / columns;
      image.values(r, c) = std::accumulate(begin, end, 0.0f) / static_cast<float>(end - begin);
    }
  auto [low, high] = std::minmax_element(image.values.data.begin(), image.values.data.end());
  image.low = *low, image.high = *high;
  if (!(image.high - image.low > 1e-6)) image.low = image.high - 1;
  return image;
}

}  // namespace

std::string PlotFeatures(const std::string& title, const std::vector<float>& samples,
                         const Matrix& features, const FeatureOptions& options) {
  options.Validate();
  if (features.rows != static_cast<std::size_t>(options.n_mels) || features.cols == 0)
    throw Error(ErrorCode::kInvalidArgument,
                Format("cannot plot features of %zu x %zu; expected %d rows and at least one frame",
                       features.rows, features.cols, options.n_mels));
  constexpr PLINT kHeight = 800;
  const TimeAxis time(samples.size(), features.cols, options);
  const Image image = ToImage(features, options, kImageColumns);
  return Draw(kPageWidth, kHeight, [&] {
    WaveformPanel(samples, time, title, 0.69, 0.92);
    ImagePanel(image, time, 0.09, 0.66);
    TimeLabels(time);
    MelAxis(options, features.rows);
    ColourBar(image, 0.09, 0.66);
  });
}

std::string PlotInspection(const std::string& title, const std::vector<float>& samples,
                           const Matrix& mel, const Matrix& mfcc, const Matrix& chroma,
                           const FeatureOptions& options) {
  options.Validate();
  if (mel.rows != static_cast<std::size_t>(options.n_mels) || mel.cols == 0 ||
      mfcc.cols != mel.cols || chroma.cols != mel.cols || mfcc.rows == 0 || chroma.rows != 12)
    throw Error(ErrorCode::kInvalidArgument, "cannot plot features that do not belong together");
  constexpr PLINT kHeight = 1500;
  const TimeAxis time(samples.size(), mel.cols, options);
  const Image mel_image = ToImage(mel, options, kImageColumns);
  // The first coefficient, the level, lies so far below the others that its colours would leave
  // them one: it takes the ends of their scale.
  Matrix coloured = mfcc;
  if (mfcc.rows > 1) {
    const auto [low, high] = std::minmax_element(
        mfcc.data.begin() + static_cast<std::ptrdiff_t>(mfcc.cols), mfcc.data.end());
    for (std::size_t t = 0; t < mfcc.cols; ++t)
      coloured(0, t) = std::clamp(mfcc(0, t), *low, *high);
  }
  const Image mfcc_image = PlainImage(coloured, ""), chroma_image = PlainImage(chroma, "");
  return Draw(kPageWidth, kHeight, [&] {
    // Text and ticks grow with the page's height.
    PLFLT height, scaled;
    plgchr(&height, &scaled);
    plschr(height * 800 / kHeight, 1);
    plsmaj(0, 0.5);
    WaveformPanel(samples, time, title, 0.825, 0.96);
    ImagePanel(mel_image, time, 0.515, 0.795);
    MelAxis(options, mel.rows);
    ColourBar(mel_image, 0.515, 0.795);
    ImagePanel(mfcc_image, time, 0.275, 0.485);
    for (std::size_t i = 0; i<mfcc.rows; i += mfcc.rows> 20 ? 5 : 2)
      RowLabel(i, mfcc.rows, std::to_string(i));
    plmtex("l", 5.2, 0.5, 0.5, "MFCC");
    ColourBar(mfcc_image, 0.275, 0.485);
    ImagePanel(chroma_image, time, 0.05, 0.245);
    constexpr std::array<const char*, 12> kPitchClasses = {"C",  "C♯", "D",  "D♯", "E",  "F",
                                                           "F♯", "G",  "G♯", "A",  "A♯", "B"};
    for (std::size_t i = 0; i < kPitchClasses.size(); ++i) RowLabel(i, 12, kPitchClasses[i]);
    plmtex("l", 5.2, 0.5, 0.5, "Chroma (pitch class)");
    TimeLabels(time);
    ColourBar(chroma_image, 0.05, 0.245);
  });
}

std::string PlotConfusion(const std::string& title, const std::vector<std::string>& labels,
                          const std::vector<std::vector<std::size_t>>& counts) {
  const std::size_t classes = labels.size();
  if (classes == 0 || counts.size() != classes)
    throw Error(ErrorCode::kInvalidArgument, "cannot plot a confusion matrix without classes");
  std::size_t longest = 4;  // in bytes: never less than what the text takes
  for (const std::string& label : labels) longest = std::max(longest, label.size());
  const double n = static_cast<double>(classes);
  const auto cell = static_cast<PLINT>(std::clamp(700 / n, 22.0, 90.0));
  const auto margin = static_cast<PLINT>(60 + 9 * std::min<std::size_t>(longest, 40));
  const PLINT side = cell * static_cast<PLINT>(classes);
  const PLINT width = std::max(margin + side + margin / 2 + 20, 520), height = side + margin + 90;
  return Draw(width, height, [&] {
    const double left = static_cast<double>(margin) / width;
    const double bottom = static_cast<double>(margin) / height;
    plvpor(left, left + static_cast<double>(side) / width, bottom,
           bottom + static_cast<double>(side) / height);
    plwind(0, n, 0, n);
    PLFLT position[] = {0, 1}, red[] = {1, 0}, green[] = {1, 114.0 / 255},
          blue[] = {1, 178.0 / 255};
    plscmap1l(true, 2, position, red, green, blue, nullptr);
    for (std::size_t r = 0; r < classes; ++r) {
      const double y = n - 1 - static_cast<double>(r);  // the first class on top
      const auto total =
          static_cast<double>(std::accumulate(counts[r].begin(), counts[r].end(), std::size_t{0}));
      for (std::size_t c = 0; c < classes; ++c) {
        const double x = static_cast<double>(c),
                     share = total > 0 ? static_cast<double>(counts[r][c]) / total : 0;
        plcol1(share);
        FillBox(x, x + 1, y, y + 1);
        plcol0(share > 0.6 ? kBackground : kText);
        plschr(0, (cell < 40 ? 0.7 : 1.0) * kTextScale);
        if (counts[r][c] > 0 || classes <= 20)
          plptex(x + 0.5, y + 0.5, 1, 0, 0.5, std::to_string(counts[r][c]).c_str());
      }
      plcol0(kText);
      plschr(0, kTextScale);
      const double middle = (static_cast<double>(r) + 0.5) / n;
      plmtex("lv", 0.8, 1 - middle, 1.0, Text(labels[r]).c_str());
      if (longest * 9 < static_cast<std::size_t>(cell)) {
        plmtex("b", 1.3, middle, 0.5, Text(labels[r]).c_str());
      } else {
        plmtex("bv", 0.8, middle, 1.0, Text(labels[r]).c_str());
      }
    }
    plbox("bc", 0, 0, "bc", 0, 0);
    plschr(0, 1.1 * kTextScale);
    plmtex("t", 2.2, 0.5, 0.5, Text(title).c_str());
    plschr(0, 0.9 * kTextScale);
    plmtex("t", 0.8, 0.5, 0.5, "rows: what it is, columns: what it was taken for");
  });
}

std::string PlotTimeline(const std::string& title, const std::vector<Lane>& lanes, double seconds) {
  if (!(seconds > 0) || !std::isfinite(seconds))
    throw Error(ErrorCode::kInvalidArgument, "cannot plot a timeline of no length");
  constexpr std::size_t kMostLanes = 200;
  constexpr PLINT kWidth = 1200, kLane = 34, kTop = 60, kBottom = 70;
  const std::size_t count = std::min(lanes.size(), kMostLanes);
  std::size_t longest = 4;  // in bytes: never less than what the text takes
  for (std::size_t i = 0; i < count; ++i) longest = std::max(longest, lanes[i].name.size());
  const auto left = static_cast<double>(30 + 9 * std::min<std::size_t>(longest, 30)) / kWidth;
  const auto inner = kLane * static_cast<PLINT>(std::max<std::size_t>(count, 1));
  const PLINT height = inner + kTop + kBottom;
  const double unit = seconds > 600 ? 60 : 1;
  return Draw(kWidth, height, [&] {
    const double bottom = static_cast<double>(kBottom) / height;
    plvpor(left, 0.98, bottom, bottom + static_cast<double>(inner) / height);
    const double rows = std::max<double>(static_cast<double>(count), 1);
    plwind(0, seconds / unit, 0, rows);
    plschr(0, kTextScale);
    plcol0(kGrid);
    plbox("g", 0, 0, "", 0, 0);
    for (std::size_t i = 0; i < count; ++i) {
      const double y = rows - 1 - static_cast<double>(i);  // the first on top
      plcol0(kFirstCurve + static_cast<PLINT>(i % kCurveColours));
      for (const auto& [begin, end] : lanes[i].turns)
        FillBox(std::clamp(begin, 0.0, seconds) / unit, std::clamp(end, 0.0, seconds) / unit,
                y + 0.15, y + 0.85);
      plcol0(kText);
      plmtex("lv", 0.8, (y + 0.5) / rows, 1.0, Text(lanes[i].name).c_str());
    }
    plcol0(kText);
    plbox("bcnst", 0, 0, "bc", 0, 0);
    plmtex("b", 2.8, 0.5, 0.5, unit == 1 ? "seconds" : "minutes");
    plschr(0, 1.1 * kTextScale);
    plmtex("t", 1.2, 0.5, 0.5, Text(title).c_str());
  });
}

std::string PlotCurves(const std::string& title, const std::vector<Panel>& panels) {
  if (panels.empty())
    throw Error(ErrorCode::kInvalidArgument, "cannot plot curves: there is nothing to draw");
  constexpr PLINT kWidth = 1000, kPanelHeight = 320, kMargin = 60;
  auto height = static_cast<PLINT>(kMargin + kPanelHeight * static_cast<PLINT>(panels.size()));
  return Draw(kWidth, height, [&] {
    double top = 1 - static_cast<double>(kMargin) / height;
    double each = top / static_cast<double>(panels.size());
    // Panels over the same quantity have the same range of it, so that they can be compared.
    auto points = [](const Series& series) { return std::min(series.x.size(), series.y.size()); };
    auto has_point = [](const Series& series, std::size_t i) {
      return std::isfinite(series.x[i]) && std::isfinite(series.y[i]);
    };
    for (std::size_t p = 0; p < panels.size(); ++p) {
      const Panel& panel = panels[p];
      Range x, y;
      bool whole = true;  // epochs and the like: no ticks between
      for (const Panel& other : panels) {
        if (other.x_label != panel.x_label) continue;
        for (const Series& series : other.series)
          for (std::size_t i = 0; i < points(series); ++i) {
            if (!has_point(series, i)) continue;
            x.Include(series.x[i]);
            whole = whole && series.x[i] == std::round(series.x[i]);
            if (&other == &panel) y.Include(series.y[i]);
          }
      }
      x.Settle();
      y.Settle();
      double y_margin = 0.06 * (y.high - y.low), x_margin = 0.015 * (x.high - x.low);

      double panel_top = top - each * static_cast<double>(p);
      plvpor(0.09, 0.76, panel_top - each + 65.0 / height, panel_top - 5.0 / height);
      plwind(x.low - x_margin, x.high + x_margin, y.low - y_margin, y.high + y_margin);
      plschr(0, kTextScale);
      double x_step = NiceStep(x.high - x.low, 12), y_step = NiceStep(y.high - y.low, 6);
      if (whole) x_step = std::max(x_step, 1.0);
      plcol0(kGrid);
      plbox("g", x_step, 0, "g", y_step, 0);
      plcol0(kText);
      plbox("bcnt", x_step, 0, "bcntv", y_step, 0);
      plmtex("b", 3.0, 0.5, 0.5, Text(panel.x_label).c_str());
      plmtex("l", 4.6, 0.5, 0.5, Text(panel.y_label).c_str());
      if (p == 0) {
        plschr(0, 1.25 * kTextScale);
        plmtex("t", 1.2, 0.5, 0.5, Text(title).c_str());
        plschr(0, kTextScale);
      }
      for (std::size_t s = 0; s < panel.series.size(); ++s) {
        const Series& series = panel.series[s];
        plcol0(kFirstCurve + static_cast<PLINT>(s % kCurveColours));
        plwidth(2);
        // Stretches between gaps; a single point is a dot, or it would not be seen.
        for (std::size_t i = 0; i < points(series);) {
          std::size_t end = i;
          while (end < points(series) && has_point(series, end)) ++end;
          if (end == i + 1) plstring(1, &series.x[i], &series.y[i], "•");
          if (end > i + 1)
            plline(static_cast<PLINT>(end - i), series.x.data() + i, series.y.data() + i);
          i = std::max(end, i + 1);
        }
        plwidth(1);
        DrawLegendLine(s, series.name);
      }
    }
  });
}

std::string PlotDet(const std::string& title, const std::vector<Series>& curves) {
  constexpr PLINT kWidth = 1000, kHeight = 800;
  constexpr double kLow = 0.0001, kHigh = 0.6;
  constexpr double kTicks[] = {0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6};
  const double low = Probit(kLow), high = Probit(kHigh);
  return Draw(kWidth, kHeight, [&] {
    plcol0(kText);
    plvpor(0.09, 0.76, 0.09, 0.92);
    plwind(low, high, low, high);
    plschr(0, kTextScale);
    plcol0(kGrid);
    for (double tick : kTicks) {
      pljoin(Probit(tick), low, Probit(tick), high);
      pljoin(low, Probit(tick), high, Probit(tick));
    }
    pljoin(low, low, high, high);  // where both rates are equal
    plcol0(kText);
    plbox("bc", 0, 0, "bc", 0, 0);
    for (double tick : kTicks) {
      const double at = (Probit(tick) - low) / (high - low);
      plmtex("b", 1.3, at, 0.5, Format("%g", 100 * tick).c_str());
      plmtex("lv", 0.6, at, 1.0, Format("%g", 100 * tick).c_str());
    }
    plmtex("b", 3.0, 0.5, 0.5, "False match rate (%)");
    plmtex("l", 4.6, 0.5, 0.5, "False non-match rate (%)");
    plschr(0, 1.25 * kTextScale);
    plmtex("t", 1.2, 0.5, 0.5, Text(title).c_str());
    plschr(0, kTextScale);
    for (std::size_t s = 0; s < curves.size(); ++s) {
      plcol0(kFirstCurve + static_cast<PLINT>(s % kCurveColours));
      std::vector<PLFLT> x, y;
      for (std::size_t i = 0; i < curves[s].x.size(); ++i) {
        // Beyond the axes' ends the curve runs along the border.
        x.push_back(Probit(std::clamp(curves[s].x[i], kLow, kHigh)));
        y.push_back(Probit(std::clamp(curves[s].y[i], kLow, kHigh)));
      }
      plwidth(2);
      plline(static_cast<PLINT>(x.size()), x.data(), y.data());
      plwidth(1);
      DrawLegendLine(s, curves[s].name);
    }
  });
}

}  // namespace vpr

extern "C" VPR_API const vpr::Plotter* vpr_plplot() {
  using namespace vpr;  // NOLINT
  static const Plotter plotter = {PlotFeatures, PlotInspection, PlotConfusion,
                                  PlotDet,      PlotTimeline,   PlotCurves};
  return &plotter;
}
