#include "pipeline/unused_data.h"

#include <algorithm>
#include <utility>

#include "pipeline/dead_letters.h"
#include "pipeline/journal_remains.h"
#include "pipeline/storage_place.h"

namespace vigia::pipeline {

namespace {

class Scan {
 public:
  Scan(FileSystem& files, const std::set<std::string>& used, size_t most_entries) : files_(files), used_(used), left_(most_entries) {}

  std::vector<UnusedData> run(const std::string& storage_directory) {
    for (const std::string& name : list(storage_directory))
      if (is_pipeline(name_of_directory(name)))
        look_at_journal({UnusedData::Kind::journal, storage_directory + "/" + name, name_of_directory(name), "", 0});
    for_each_exporter(storage_directory + "/" + std::string(overflow_root_name), UnusedData::Kind::overflow);
    for_each_exporter(dead_letter_root(storage_directory), UnusedData::Kind::dead_letters);
    return std::move(found_);
  }

 private:
  // What is no directory holds nothing.
  std::vector<std::string> list(const std::string& directory) {
    if (left_ == 0) return {};
    Result<std::vector<std::string>> names = files_.list(directory);
    if (!names.is_ok()) return {};
    if (names->size() > left_) names->resize(left_);
    left_ -= names->size();
    return std::move(*names);
  }

  // Nothing else lies there that is ours, and what others put there is theirs.
  static bool is_pipeline(const std::string& name) {
    std::string type = ComponentId::parse(name).type;
    return std::any_of(otlp::all_signals.begin(), otlp::all_signals.end(),
                       [&](otlp::Signal signal) { return otlp::signal_name(signal) == type; });
  }

  void for_each_exporter(const std::string& root, UnusedData::Kind kind) {
    for (const std::string& pipeline : list(root))
      for (const std::string& exporter : list(root + "/" + pipeline)) {
        UnusedData data{kind, root + "/" + pipeline + "/" + exporter, name_of_directory(pipeline), name_of_directory(exporter), 0};
        if (kind == UnusedData::Kind::overflow)
          look_at_journal(std::move(data));
        else
          look_at_letters(std::move(data));
      }
  }

  void look_at_journal(UnusedData data) {
    if (used_.contains(data.directory)) return;
    std::vector<std::string> names = list(data.directory);
    if (!may_hold_data(files_, data.directory, names)) return;
    for (const std::string& name : names) data.bytes += size_of_file(data.directory + "/" + name);
    found_.push_back(std::move(data));
  }

  void look_at_letters(UnusedData data) {
    if (used_.contains(data.directory)) return;
    for (const std::string& directory : {data.directory, data.directory + "/" + std::string(resend_directory_name)})
      for (const std::string& name : list(directory))
        if (is_dead_letter_name(name)) data.bytes += size_of_file(directory + "/" + name);
    if (data.bytes > 0) found_.push_back(std::move(data));
  }

  uint64_t size_of_file(const std::string& path) const {
    Result<std::unique_ptr<File>> file = files_.open_file(path, FileMode::read);
    if (!file.is_ok()) return 0;
    Result<uint64_t> size = (*file)->size_bytes();
    return size.is_ok() ? *size : 0;
  }

  FileSystem& files_;
  const std::set<std::string>& used_;
  size_t left_;
  std::vector<UnusedData> found_;
};

using FindExtension = std::function<Extension*(const ComponentId&)>;

std::set<std::string> directories_in_use(const Plan& plan, const FindExtension& find_extension) {
  std::set<std::string> used;
  for (const auto& [key, node] : plan) {
    if (!node.journal) continue;
    const JournalStageConfig& journal = *node.journal;
    Result<const Storage*> storage = find_storage(find_extension, journal.storage);
    if (!storage.is_ok()) continue;
    used.insert(journal_directory((*storage)->storage(), journal.pipeline));
    for (const JournalStageConfig::Cursor& cursor : journal.cursors) {
      used.insert(dead_letter_directory((*storage)->storage().directory, journal.pipeline, cursor.exporter));
      if (!cursor.overflow) continue;
      Result<const Storage*> overflow = find_storage(find_extension, ComponentId::parse(cursor.overflow->to));
      if (overflow.is_ok()) used.insert(overflow_directory((*overflow)->storage(), journal.pipeline, cursor.exporter));
    }
  }
  return used;
}

}  // namespace

std::vector<UnusedData> find_unused_data(FileSystem& files, const std::string& storage_directory, const std::set<std::string>& used,
                                         size_t most_entries) {
  return Scan(files, used, most_entries).run(storage_directory);
}

void UnusedDataWatch::look(const Plan& plan, const FindExtension& find_extension) {
  std::set<std::string> used = directories_in_use(plan, find_extension);
  std::set<std::string> found;
  sizes_.clear();
  for (const auto& [key, node] : plan) {
    if (key.kind != ComponentKind::extension) continue;
    auto* storage = dynamic_cast<const Storage*>(find_extension(key.id));
    if (!storage) continue;
    uint64_t bytes = 0;
    for (const UnusedData& data : find_unused_data(files_, storage->storage().directory, used)) {
      bytes += data.bytes;
      if (!told_.contains(data.directory)) tell(key.id.to_string(), data);
      found.insert(data.directory);
    }
    sizes_.push_back(metrics_.observe_gauge(
        "vigia_storage_unused_bytes", "What lay in the storage for pipelines and exporters that do not run, at the last start or reload.",
        {{"storage", key.id.to_string()}}, [bytes] { return static_cast<double>(bytes); }));
  }
  told_ = std::move(found);
}

void UnusedDataWatch::tell(const std::string& storage, const UnusedData& data) const {
  LogFields fields = {{"pipeline", data.pipeline}};
  if (!data.exporter.empty()) fields.emplace_back("exporter", data.exporter);
  fields.emplace_back("directory", data.directory);
  fields.emplace_back("bytes", data.bytes);
  fields.emplace_back("storage", storage);
  switch (data.kind) {
    case UnusedData::Kind::journal:
      return log_.warn(
          "a storage holds data of a pipeline that does not use it any more. To deliver it, give the pipeline its name, its exporters and "
          "their sending_queue.storage back; to give it up, delete the directory",
          fields);
    case UnusedData::Kind::overflow:
      return log_.warn(
          "a storage holds the overflow of an exporter that has none there any more. To deliver it, put the exporter's overflow key back; "
          "to give it up, delete the directory",
          fields);
    case UnusedData::Kind::dead_letters:
      return log_.warn(
          "a storage holds dead letters of an exporter that does not use it any more. Look at them with vigia admin dead-letters. To send "
          "them again, give the exporter back to its pipeline; to give them up, purge them",
          fields);
  }
}

}  // namespace vigia::pipeline
