#include "vpr/diarize/assignment.h"

#include <limits>

namespace vpr {
namespace {

// Rows at most as many as columns; the least sum of costs.
std::vector<std::size_t> AssignLeast(std::size_t rows, std::size_t columns, const auto& cost) {
  // Index 0 is a row or column that is none; the others are shifted by one.
  std::vector<double> row_potential(rows + 1, 0), column_potential(columns + 1, 0);
  std::vector<std::size_t> row_of(columns + 1, 0), before(columns + 1, 0);
  for (std::size_t i = 1; i <= rows; ++i) {
    std::vector<double> least(columns + 1, std::numeric_limits<double>::infinity());
    std::vector<bool> used(columns + 1, false);
    row_of[0] = i;
    std::size_t column = 0;
    do {
      used[column] = true;
      const std::size_t row = row_of[column];
      double delta = std::numeric_limits<double>::infinity();
      std::size_t next = 0;
      for (std::size_t j = 1; j <= columns; ++j) {
        if (used[j]) continue;
        const double reduced = cost(row - 1, j - 1) - row_potential[row] - column_potential[j];
        if (reduced < least[j]) {
          least[j] = reduced;
          before[j] = column;
        }
        if (least[j] < delta) {
          delta = least[j];
          next = j;
        }
      }
      for (std::size_t j = 0; j <= columns; ++j) {
        if (used[j]) {
          row_potential[row_of[j]] += delta;
          column_potential[j] -= delta;
        } else {
          least[j] -= delta;
        }
      }
      column = next;
    } while (row_of[column] != 0);
    while (column != 0) {
      row_of[column] = row_of[before[column]];
      column = before[column];
    }
  }
  std::vector<std::size_t> assigned(rows, kUnassigned);
  for (std::size_t j = 1; j <= columns; ++j)
    if (row_of[j] != 0) assigned[row_of[j] - 1] = j - 1;
  return assigned;
}

}  // namespace

std::vector<std::size_t> AssignMost(const std::vector<std::vector<double>>& weights) {
  const std::size_t rows = weights.size(), columns = rows == 0 ? 0 : weights[0].size();
  if (rows <= columns)
    return AssignLeast(rows, columns, [&](std::size_t i, std::size_t j) { return -weights[i][j]; });
  const std::vector<std::size_t> row_of =
      AssignLeast(columns, rows, [&](std::size_t j, std::size_t i) { return -weights[i][j]; });
  std::vector<std::size_t> assigned(rows, kUnassigned);
  for (std::size_t j = 0; j < columns; ++j) assigned[row_of[j]] = j;
  return assigned;
}

}  // namespace vpr
