// Columns of text, aligned: the tables of `step37c show`.
#pragma once

#include <string>
#include <vector>

namespace step37 {

class TextTable {
public:
  /// One letter a column: 'l' aligns to the left, 'r' to the right.
  explicit TextTable(std::string alignment) : alignment(std::move(alignment)) {}

  /// A row; cells that it lacks at its end are empty. The first row may be headings.
  void add(std::vector<std::string> cells);

  /// The rows, indented by two blanks, columns two blanks apart, without blanks at a line's end.
  std::string text() const;

private:
  std::string alignment;
  std::vector<std::vector<std::string>> rows;
};

} // namespace step37
