#include "app/dead_letter_box.h"

#include <algorithm>

namespace vigia::app {

DeadLetterBox DeadLetterBox::open(FileSystem& files, const std::vector<std::string>& storage_directories) {
  DeadLetterBox box;
  for (const std::string& directory : storage_directories) box.look_into(files, pipeline::dead_letter_root(directory));
  std::stable_sort(box.letters_.begin(), box.letters_.end(),
                   [](const BoxedDeadLetter& a, const BoxedDeadLetter& b) { return a.letter.head.time_ms < b.letter.head.time_ms; });
  return box;
}

void DeadLetterBox::look_into(FileSystem& files, const std::string& root) {
  // The running program may make and remove directories meanwhile.
  auto names_in = [&](const std::string& directory) {
    Result<std::vector<std::string>> names = files.list(directory);
    if (!names.is_ok() && names.status().code() != StatusCode::not_found) complaints_.push_back(names.status().message());
    return names.is_ok() ? *names : std::vector<std::string>();
  };
  for (const std::string& pipeline : names_in(root))
    for (const std::string& exporter : names_in(root + "/" + pipeline)) {
      std::string place = pipeline + "/" + exporter;
      Result<std::vector<pipeline::ListedDeadLetter>> listed = pipeline::list_dead_letters(files, root + "/" + place);
      if (!listed.is_ok()) {
        complaints_.push_back(listed.status().message());
        continue;
      }
      for (pipeline::ListedDeadLetter& letter : *listed) letters_.push_back({root + "/" + place, place, std::move(letter)});
    }
}

Result<std::vector<BoxedDeadLetter>> DeadLetterBox::select(const std::vector<std::string>& names) const {
  std::vector<BoxedDeadLetter> selected;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(BoxedDeadLetter letter, find(name));
    bool is_new = std::none_of(selected.begin(), selected.end(), [&](const BoxedDeadLetter& other) {
      return other.directory == letter.directory && other.letter.name == letter.letter.name;
    });
    if (is_new) selected.push_back(std::move(letter));
  }
  return selected;
}

Result<BoxedDeadLetter> DeadLetterBox::find(const std::string& name) const {
  const BoxedDeadLetter* found = nullptr;
  for (const BoxedDeadLetter& letter : letters_) {
    if (letter.letter.name != name && letter.path() != name && letter.directory + "/" + letter.letter.name != name) continue;
    if (found)
      return invalid_argument("several dead letters are called " + name + ": say " + found->path() + " or " + letter.path() +
                              (found->path() == letter.path() ? ", and in which --storage" : ""));
    found = &letter;
  }
  if (!found) return not_found("there is no dead letter " + name + "; 'vigia admin dead-letters list' shows what there is");
  return *found;
}

}  // namespace vigia::app
