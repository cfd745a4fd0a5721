#pragma once

// All dead letters of some storage directories, found by walking over them.

#include <string>
#include <vector>

#include "base/file.h"
#include "pipeline/dead_letters.h"

namespace vigia::app {

struct BoxedDeadLetter {
  std::string directory;
  std::string place;  // "traces/otlp": the two directories above the file, as they are named.
  pipeline::ListedDeadLetter letter;

  std::string path() const { return place + "/" + letter.name; }
};

class DeadLetterBox {
 public:
  // What cannot be looked into becomes a complaint.
  static DeadLetterBox open(FileSystem& files, const std::vector<std::string>& storage_directories);

  const std::vector<BoxedDeadLetter>& letters() const { return letters_; }
  const std::vector<std::string>& complaints() const { return complaints_; }
  // By file name, or by path() when several have it.
  Result<std::vector<BoxedDeadLetter>> select(const std::vector<std::string>& names) const;

 private:
  void look_into(FileSystem& files, const std::string& root);
  Result<BoxedDeadLetter> find(const std::string& name) const;

  std::vector<BoxedDeadLetter> letters_;
  std::vector<std::string> complaints_;
};

}  // namespace vigia::app
