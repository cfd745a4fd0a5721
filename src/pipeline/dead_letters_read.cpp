#include <algorithm>
#include <optional>
#include <tuple>

#include <fmt/core.h>

#include "base/text.h"
#include "pipeline/dead_letters.h"

namespace vigia::pipeline {

namespace {

constexpr std::string_view suffix = ".dead";
// Heads are longer than this only when a sender's metadata are.
constexpr size_t head_step_bytes = 4096;
constexpr size_t max_head_bytes = 4 << 20;

// A name of the configuration as one part of a path.
std::string path_part(std::string_view name) {
  std::string part;
  for (char c : name) {
    bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    // A dot at the beginning would hide the directory, or mean the one above.
    if (is_plain || (c == '.' && !part.empty()))
      part += c;
    else
      part += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return part;
}

// "1700000000000-3.dead": when it was written, and a number.
std::optional<std::pair<int64_t, uint64_t>> age_of(std::string_view name) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  size_t dash = name.find('-');
  if (dash == std::string_view::npos || name.find_first_not_of("-0123456789") != std::string_view::npos) return std::nullopt;
  std::optional<int64_t> time = parse_int(name.substr(0, dash)), number = parse_int(name.substr(dash + 1));
  if (!time || !number || *time < 0 || *number < 0) return std::nullopt;
  return std::pair(*time, static_cast<uint64_t>(*number));
}

// The head and how long its line is.
Result<std::pair<DeadLetterHead, size_t>> read_head(File& file) {
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < max_head_bytes) {
    size_t before = text.size();
    text.resize(std::max(before * 2, head_step_bytes));
    ASSIGN_OR_RETURN(size_t count, file.read_at(before, text.data() + before, text.size() - before));
    bool is_end = before + count < text.size();
    text.resize(before + count);
    if (is_end) break;
  }
  ASSIGN_OR_RETURN(DeadLetterHead head, decode_dead_letter_head(text));
  return std::pair(std::move(head), text.find('\n') + 1);
}

Status look_into(File& file, ListedDeadLetter& letter) {
  ASSIGN_OR_RETURN(letter.bytes, file.size_bytes());
  ASSIGN_OR_RETURN(auto head_and_size, read_head(file));
  if (dead_letter_file_bytes(head_and_size.first, head_and_size.second) != letter.bytes)
    return data_loss(fmt::format("it has {} bytes, which is not what its head says", letter.bytes));
  letter.head = std::move(head_and_size.first);
  return {};
}

Status check_name(std::string_view name) {
  if (is_dead_letter_name(name)) return {};
  return invalid_argument("\"" + std::string(name) + "\" is no name of a dead letter");
}

}  // namespace

std::string dead_letter_root(const std::string& storage_directory) { return storage_directory + "/dead-letters"; }

std::string dead_letter_directory(const std::string& storage_directory, std::string_view pipeline, std::string_view exporter) {
  return dead_letter_root(storage_directory) + "/" + path_part(pipeline) + "/" + path_part(exporter);
}

std::optional<otlp::Signal> dead_letter_signal(std::string_view directory) {
  directory = directory.substr(0, directory.rfind('/'));
  std::string_view pipeline = directory.substr(directory.rfind('/') + 1);
  for (otlp::Signal signal : otlp::all_signals)
    if (pipeline.substr(0, pipeline.find('%')) == otlp::signal_name(signal)) return signal;
  return std::nullopt;
}

bool is_dead_letter_name(std::string_view name) { return age_of(name).has_value(); }

Result<std::vector<ListedDeadLetter>> list_dead_letters(FileSystem& files, const std::string& directory) {
  Result<std::vector<std::string>> names = files.list(directory);
  if (!names.is_ok() && names.status().code() == StatusCode::not_found) return std::vector<ListedDeadLetter>();
  if (!names.is_ok()) return std::move(names).status();
  std::erase_if(*names, [](const std::string& name) { return !is_dead_letter_name(name); });
  std::sort(names->begin(), names->end(), [](const std::string& a, const std::string& b) { return age_of(a) < age_of(b); });
  std::vector<ListedDeadLetter> letters;
  for (std::string& name : *names) {
    Result<std::unique_ptr<File>> file = files.open_file(directory + "/" + name, FileMode::read);
    // Somebody else may have taken it meanwhile.
    if (!file.is_ok() && file.status().code() == StatusCode::not_found) continue;
    ListedDeadLetter& letter = letters.emplace_back();
    letter.damage = file.is_ok() ? look_into(**file, letter) : std::move(file).status();
    letter.number = age_of(name)->second;
    letter.name = std::move(name);
  }
  return letters;
}

Result<DeadLetter> read_dead_letter(FileSystem& files, const std::string& directory, const std::string& name) {
  RETURN_IF_ERROR(check_name(name));
  std::string path = directory + "/" + name;
  ASSIGN_OR_RETURN(std::string content, files.read_file(path));
  Result<DeadLetter> letter = decode_dead_letter(content);
  if (!letter.is_ok()) return std::move(letter).status().with_context("cannot read the dead letter " + path);
  return letter;
}

Status resend_dead_letter(FileSystem& files, const std::string& directory, const std::string& name) {
  RETURN_IF_ERROR(check_name(name));
  std::string to = directory + "/" + std::string(resend_directory_name);
  if (!files.exists(to)) RETURN_IF_ERROR(files.create_directories(to));
  RETURN_IF_ERROR(files.rename(directory + "/" + name, to + "/" + name));
  // The new name first: a power cut in between leaves two, which is better than none.
  RETURN_IF_ERROR(files.sync_directory(to));
  return files.sync_directory(directory);
}

}  // namespace vigia::pipeline
