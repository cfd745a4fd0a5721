#include "receivers/filelog/file_origin.h"

#include <fmt/core.h>

#include "base/utf8.h"
#include "otlp/customer_attribute.h"
#include "otlp/log_view.h"

namespace vigia::receivers {

namespace {

constexpr uint64_t most_header_bytes = 1 << 20;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void set_owner(FileSystem& files, const FileAttributesConfig& config, const FileFacts& facts, operators::Origin& origin) {
  if (config.has_owner_name) origin.set_attribute("log.file.owner.name", files.user_name(facts.owner).value());
  if (config.has_owner_group_name) origin.set_attribute("log.file.owner.group.name", files.group_name(facts.group).value());
  if (config.has_permissions) origin.set_attribute("log.file.permissions", fmt::format("{:03o}", facts.permissions & 0777));
}

// Texts and whole numbers, which is what a header has to say.
void take_attributes(std::string_view request, operators::Origin& origin) {
  otlp::for_each_item(request, [&](const otlp::ResourceGroup&, const otlp::ScopeGroup&, std::string_view item) {
    for (const otlp::AttributeView& attribute : otlp::LogRecordView(item).attributes()) {
      otlp::ValueView value = attribute.value();
      if (value.kind() == otlp::ValueKind::string) origin.set_attribute(attribute.key, value.string());
      if (value.kind() == otlp::ValueKind::integer) origin.set_attribute(attribute.key, value.integer());
    }
  });
}

}  // namespace

std::unique_ptr<operators::Origin> make_origin(FileSystem& files, const FilelogConfig& config, TrackedFile& file) {
  // Two files are two sources, also when one took the other's name.
  auto origin = std::make_unique<operators::Origin>(file.path + "#" + std::to_string(file.id));
  const FileAttributesConfig& wanted = config.file_attributes;
  std::string path = repair_utf8(file.path);
  if (wanted.has_name) origin->set_attribute("log.file.name", base_name(path));
  if (wanted.has_path) origin->set_attribute("log.file.path", path);
  if (wanted.has_name_resolved || wanted.has_path_resolved) {
    Result<std::string> resolved = files.resolve(file.path);
    std::string real = resolved.is_ok() ? repair_utf8(*resolved) : path;
    if (wanted.has_name_resolved) origin->set_attribute("log.file.name_resolved", base_name(real));
    if (wanted.has_path_resolved) origin->set_attribute("log.file.path_resolved", real);
  }
  if (wanted.has_owner_name || wanted.has_owner_group_name || wanted.has_permissions) {
    Result<FileFacts> facts = file.file->facts();
    if (facts.is_ok()) set_owner(files, wanted, *facts, *origin);
  }
  for (const auto& [key, text] : config.texts.attributes) origin->set_attribute(key, text);
  for (const auto& [key, text] : config.texts.resource) origin->set_resource(key, text);
  if (!config.customer.empty()) origin->set_resource(otlp::customer_attribute, config.customer);
  file.origin_path = file.path;
  return origin;
}

Result<Header> read_header(const FilelogConfig& config, const Splitter& splitter, operators::ChainRun& run, MemoryLedger& ledger,
                           File& file, operators::Origin& origin) {
  ASSIGN_OR_RETURN(std::string beginning, read_range(file, 0, most_header_bytes));
  Header header;
  operators::Origin source("header");
  otlp::RequestWriter writer(ledger);
  run.begin_batch(writer);
  Piece piece;
  while (splitter.next(std::string_view(beginning).substr(header.end), false, piece)) {
    std::string line;
    if (splitter.encoding().is_plain())
      line = repair_utf8(piece.raw);
    else
      splitter.encoding().decode(piece.raw, line);
    if (!config.header->pattern->is_found_in(line)) {
      header.is_complete = true;
      break;
    }
    run.push(line, source, {});
    header.end += piece.consumed;
  }
  // A header that never ends is none of use.
  header.is_complete = header.is_complete || beginning.size() == most_header_bytes;
  if (run.end_batch() > 0) take_attributes(writer.take().view(), origin);
  return header;
}

}  // namespace vigia::receivers
