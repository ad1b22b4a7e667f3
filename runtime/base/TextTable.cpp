#include "runtime/base/TextTable.h"

#include <algorithm>
#include <cassert>

namespace step37 {

void TextTable::add(std::vector<std::string> cells) {
  assert(cells.size() <= alignment.size() && "every cell has a column");
  rows.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<size_t> widths(alignment.size());
  for (const auto &row : rows)
    for (size_t column = 0; column < row.size(); ++column)
      widths[column] = std::max(widths[column], row[column].size());

  std::string text;
  for (const auto &row : rows) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column) {
      const std::string blanks(widths[column] - row[column].size(), ' ');
      line += "  ";
      line += alignment[column] == 'r' ? blanks + row[column] : row[column] + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

} // namespace step37
