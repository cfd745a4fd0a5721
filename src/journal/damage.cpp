#include "journal/damage.h"

#include <algorithm>

namespace vigia::journal {

namespace {

constexpr std::string_view ending = ".damaged";
constexpr size_t most_files = 64;

}  // namespace

void DamageKeeper::keep(FrameReader& reader, uint64_t offset, uint64_t bytes, std::string_view why) {
  std::string path = directory_ + "/" + reader.identity().name() + "." + std::to_string(offset) + std::string(ending);
  if (files_.exists(path)) return;  // another cursor has met it
  damaged_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  log_.error(
      "the journal is damaged: this part of it cannot be read and is passed over",
      {{"file", directory_ + "/" + reader.identity().name()}, {"offset", offset}, {"bytes", bytes}, {"reason", why}, {"kept_in", path}});
  if (!has_room_for_more()) return;
  Result<std::string> content = reader.raw(offset, bytes);
  Status status = content.is_ok() ? files_.write_file_atomically(path, *content) : content.status();
  if (!status.is_ok()) log_.warn("cannot keep the damaged part of the journal", {{"file", path}, {"error", status}});
}

bool DamageKeeper::has_room_for_more() {
  Result<std::vector<std::string>> names = files_.list(directory_);
  if (!names.is_ok()) return false;
  auto count = std::count_if(names->begin(), names->end(), [](const std::string& name) { return name.ends_with(ending); });
  return static_cast<size_t>(count) < most_files;
}

}  // namespace vigia::journal
