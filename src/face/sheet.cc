#include "vpr/face/sheet.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {
namespace {

constexpr int kColumns = 8, kSide = 112, kGap = 8, kHead = 56, kLabel = 20;
constexpr std::size_t kMostCells = 2 * kColumns, kMostRows = 30;

// The characters of times and numbers, 5 x 7, a bit a pixel from the left, a number a line.
constexpr std::string_view kCharacters = "0123456789.s#";
constexpr std::array<std::array<unsigned char, 7>, 13> kGlyphs = {{
    {14, 17, 19, 21, 25, 17, 14},
    {4, 12, 4, 4, 4, 4, 14},
    {14, 17, 1, 2, 4, 8, 31},
    {31, 2, 4, 2, 1, 17, 14},
    {2, 6, 10, 18, 31, 2, 2},
    {31, 16, 30, 1, 1, 17, 14},
    {6, 8, 16, 30, 17, 17, 14},
    {31, 1, 2, 4, 8, 8, 8},
    {14, 17, 17, 14, 17, 17, 14},
    {14, 17, 17, 15, 1, 2, 12},
    {0, 0, 0, 0, 0, 12, 12},
    {0, 0, 14, 16, 14, 1, 30},
    {10, 10, 31, 10, 31, 10, 10},
}};
constexpr int kDot = 2, kAdvance = 6 * kDot;

void Write(Image& sheet, int x, int y, const std::string& text) {
  for (const char character : text) {
    const std::size_t at = kCharacters.find(character);
    if (at != std::string_view::npos)
      for (int row = 0; row < 7 * kDot; ++row)
        for (int column = 0; column < 5 * kDot; ++column)
          if ((kGlyphs[at][static_cast<std::size_t>(row / kDot)] >> (4 - column / kDot) & 1) != 0 &&
              x + column < sheet.width)
            std::fill_n(sheet.at(x + column, y + row), 3, std::uint8_t{40});
    x += kAdvance;
  }
}

void Put(Image& sheet, int x, int y, const Image& picture) {
  for (int row = 0; row < picture.height; ++row)
    for (int column = 0; column < picture.width; ++column)
      for (int c = 0; c < 3; ++c)
        sheet.at(x + column, y + row)[c] = picture.at(column, row)[picture.channels == 3 ? c : 0];
}

}  // namespace

void FaceSheet::Add(int track, double seconds, const Image& crop) {
  Row& row = rows_[track];
  if (row.seen++ % row.step != 0) return;
  if (row.cells.size() == kMostCells) {
    for (std::size_t i = 0; i < kMostCells / 2; ++i) std::swap(row.cells[i], row.cells[2 * i]);
    row.cells.resize(kMostCells / 2);
    row.step *= 2;
    if ((row.seen - 1) % row.step != 0) return;
  }
  row.cells.push_back({seconds, Resize(crop, kSide, kSide)});
}

Image FaceSheet::Draw() const {
  VPR_CHECK(!rows_.empty());
  std::vector<std::pair<std::size_t, int>> longest;
  for (const auto& [track, row] : rows_) longest.emplace_back(row.seen, track);
  std::stable_sort(longest.begin(), longest.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  longest.resize(std::min(longest.size(), kMostRows));
  std::sort(longest.begin(), longest.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
  const int high = kSide + kLabel + kGap;
  Image sheet(kHead + kColumns * (kSide + kGap), kGap + static_cast<int>(longest.size()) * high, 3);
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), std::uint8_t{255});
  int y = kGap;
  for (const auto& [seen, track] : longest) {
    const std::vector<Cell>& cells = rows_.at(track).cells;
    Write(sheet, kGap, y + kSide / 2 - 7, "#" + std::to_string(track));
    const std::size_t columns = std::min<std::size_t>(cells.size(), kColumns);
    for (std::size_t i = 0; i < columns; ++i) {
      const Cell& cell = cells[i * cells.size() / columns];
      const int x = kHead + static_cast<int>(i) * (kSide + kGap);
      Put(sheet, x, y, cell.picture);
      Write(sheet, x, y + kSide + 4, Format("%.2fs", cell.seconds));
    }
    y += high;
  }
  return sheet;
}

}  // namespace vpr
