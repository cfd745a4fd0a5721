#include "receivers/filelog/positions.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "base/hash.h"
#include "base/text.h"

namespace vigia::receivers {

namespace {

constexpr std::string_view title = "vigia filelog positions 1\n";
constexpr size_t field_count = 12;

// Blanks, and what would end a line or stand for something else.
std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '%' || byte == 0x7F || special.find(c) != std::string_view::npos)
      result += fmt::format("%{:02X}", byte);
    else
      result += c;
  }
  return result;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '%') {
      result += text[i];
      continue;
    }
    auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    result += *byte;
    i += 2;
  }
  return result;
}

template <typename Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

// What waits to be found a copy or not is a new file next time; so is what has no content.
bool is_worth_keeping(const TrackedFile& file) {
  return file.copy_of == 0 && file.continued_by == 0 && !file.is_unwanted && file.fingerprint.size > 0;
}

std::optional<TrackedFile> read_line(std::string_view line) {
  std::vector<std::string_view> fields = split(line, ' ');
  if (fields.size() != field_count || (fields[0] != "file" && fields[0] != "gone")) return std::nullopt;
  TrackedFile file;
  file.is_remembered = fields[0] == "gone";
  Position& position = file.committed;
  uint32_t compression = 0;
  bool is_read = read_number(fields[1], file.device) && read_number(fields[2], file.inode) &&
                 read_number(fields[3], file.fingerprint.size) && read_number(fields[4], file.fingerprint.hash, 16) &&
                 read_number(fields[5], position.offset) && read_number(fields[6], position.tail.size) &&
                 read_number(fields[7], position.tail.hash, 16) && read_number(fields[8], position.record_number) &&
                 read_number(fields[9], compression) && compression <= static_cast<uint32_t>(Compression::zstd);
  std::optional<std::string> path = unescaped(fields[10]);
  bool is_cut_entry = fields[11] == "skip";
  if (!is_read || !path || position.tail.size > position.offset || position.tail.size > tail_bytes) return std::nullopt;
  if (file.fingerprint.size > 1 << 20 || (!is_cut_entry && fields[11] != "whole")) return std::nullopt;
  file.compression = static_cast<Compression>(compression);
  file.path = std::move(*path);
  file.skips_rest = is_cut_entry;
  file.read = position;
  file.is_restored = true;
  return file;
}

}  // namespace

std::string write_positions(KnownFiles& files) {
  std::string text(title);
  size_t count = 0;
  files.for_each([&](TrackedFile& file) {
    if (!is_worth_keeping(file)) return;
    const Position& position = file.committed;
    // Only where nothing is under way it is known whether the rest of an entry is to be passed over.
    bool skips = file.skips_rest && position.offset == file.read.offset;
    text += fmt::format("{} {} {} {} {:x} {} {} {:x} {} {} {} {}\n", file.is_remembered ? "gone" : "file", file.device, file.inode,
                        file.fingerprint.size, file.fingerprint.hash, position.offset, position.tail.size, position.tail.hash,
                        position.record_number, static_cast<uint32_t>(file.compression), escaped(file.path, ""), skips ? "skip" : "whole");
    count++;
  });
  text += fmt::format("end {} {:016x}\n", count, hash64(text));
  return text;
}

Status read_positions(std::string_view text, KnownFiles& files) {
  if (text.substr(0, title.size()) != title) return data_loss("it is of another version or no such file");
  size_t end = text.rfind("end ");
  if (end == std::string_view::npos) return data_loss("its end is missing");
  std::vector<std::string_view> last = split(trim(text.substr(end)), ' ');
  uint64_t check = 0;
  if (last.size() != 3 || !read_number(last[2], check, 16) || check != hash64(text.substr(0, end))) return data_loss("its check is wrong");
  std::vector<TrackedFile> read;
  for (std::string_view line : split(text.substr(title.size(), end - title.size()), '\n')) {
    if (line.empty()) continue;
    std::optional<TrackedFile> file = read_line(line);
    if (!file) return data_loss("a line makes no sense: " + std::string(line.substr(0, 200)));
    read.push_back(std::move(*file));
  }
  uint64_t count = 0;
  if (!read_number(last[1], count) || count != read.size()) return data_loss("lines are missing");
  for (TrackedFile& file : read) {
    bool is_remembered = file.is_remembered;
    TrackedFile& added = files.add(std::make_unique<TrackedFile>(std::move(file)));
    if (is_remembered) files.remember(added);
  }
  return {};
}

std::string positions_directory(const std::string& storage_directory) { return storage_directory + "/filelog"; }

std::string positions_path(const std::string& storage_directory, std::string_view receiver) {
  return positions_directory(storage_directory) + "/" + escaped(receiver, "/.") + ".positions";
}

}  // namespace vigia::receivers
