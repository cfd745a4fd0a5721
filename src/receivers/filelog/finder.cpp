#include "receivers/filelog/finder.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace vigia::receivers {

namespace {

constexpr size_t most_depth = 64;

// Walks the directories that one pattern leads to.
class Walk {
 public:
  Walk(FileSystem& files, const FinderConfig& config, Found& found) : files_(files), config_(config), found_(found) {}

  void follow(const Glob::Parts& parts) {
    // The empty literal at the beginning is the root.
    bool is_absolute = parts[0].kind == Glob::Part::Kind::literal && parts[0].text.empty();
    step(parts, is_absolute ? 1 : 0, is_absolute ? "/" : "", 0);
  }

 private:
  void step(const Glob::Parts& parts, size_t index, const std::string& prefix, size_t depth) {
    if (index >= parts.size() || depth > most_depth || found_.is_cut) return;
    const Glob::Part& part = parts[index];
    bool is_last = index + 1 == parts.size();
    if (part.kind == Glob::Part::Kind::literal) {
      if (!is_last) return step(parts, index + 1, prefix + part.text + "/", depth + 1);
      found_.directories.insert(prefix);
      return take(prefix + part.text);
    }
    if (part.kind == Glob::Part::Kind::any_depth) return descend(parts, index, prefix, depth);
    for (const std::string& name : names_in(prefix)) {
      if (!part.matches(name)) continue;
      if (is_last)
        take(prefix + name);
      else if (is_directory(prefix + name))
        step(parts, index + 1, prefix + name + "/", depth + 1);
    }
  }

  // `**`: here, and in every directory below. A link back to where we came from ends the way.
  void descend(const Glob::Parts& parts, size_t index, const std::string& prefix, size_t depth) {
    bool is_last = index + 1 == parts.size();
    if (!is_last) step(parts, index + 1, prefix, depth);
    for (const std::string& name : names_in(prefix)) {
      if (depth >= most_depth || found_.is_cut) return;
      std::string path = prefix + name;
      Result<FileFacts> facts = files_.facts(path);
      if (!facts.is_ok()) continue;
      if (facts->kind != FileKind::directory) {
        if (is_last) take(path, *facts);
        continue;
      }
      std::pair<uint64_t, uint64_t> identity{facts->device, facts->inode};
      if (std::find(way_.begin(), way_.end(), identity) != way_.end()) continue;
      way_.push_back(identity);
      descend(parts, index, path + "/", depth + 1);
      way_.pop_back();
    }
  }

  std::vector<std::string> names_in(const std::string& prefix) {
    Result<std::vector<std::string>> names = files_.list(prefix.empty() ? "." : prefix);
    if (!names.is_ok()) {
      note_unreadable(prefix, names.status());
      return {};
    }
    found_.directories.insert(prefix);
    return std::move(*names);
  }
  bool is_directory(const std::string& path) {
    Result<FileFacts> facts = files_.facts(path);
    return facts.is_ok() && facts->kind == FileKind::directory;
  }
  bool is_excluded(const std::string& path) const {
    return std::any_of(config_.exclude.begin(), config_.exclude.end(), [&](const Glob& glob) { return glob.matches(path); });
  }
  void take(const std::string& path) {
    Result<FileFacts> facts = files_.facts(path);
    if (facts.is_ok())
      take(path, *facts);
    else
      note_unreadable(path, facts.status());
  }
  // What is not there is nobody's mistake.
  void note_unreadable(const std::string& path, const Status& why) {
    bool is_missing = why.code() == StatusCode::not_found;
    if (!is_missing && !is_excluded(path) && found_.unreadable.size() < most_unreadable) found_.unreadable.push_back({path, why});
  }
  void take(const std::string& path, const FileFacts& facts) {
    if (facts.kind != FileKind::regular || is_excluded(path) || !seen_.insert(path).second) return;
    found_.is_cut = found_.files.size() >= most_found_files;
    if (!found_.is_cut) found_.files.push_back({path, facts});
  }

  FileSystem& files_;
  const FinderConfig& config_;
  Found& found_;
  std::unordered_set<std::string> seen_;
  std::vector<std::pair<uint64_t, uint64_t>> way_;
};

}  // namespace

Found find_files(FileSystem& files, const FinderConfig& config, int64_t wall_ns) {
  Found found;
  Walk walk(files, config, found);
  for (const Glob& glob : config.include)
    for (const Glob::Parts& parts : glob.alternatives()) walk.follow(parts);
  if (config.exclude_older_than_ms > 0) {
    int64_t oldest_ns = wall_ns - config.exclude_older_than_ms * 1'000'000;
    std::erase_if(found.files, [&](const FoundFile& file) { return file.facts.modified_ns < oldest_ns; });
  }
  if (config.ordering.sort_by.empty()) return found;
  std::vector<OrderedFile> candidates;
  for (size_t i = 0; i < found.files.size(); i++) candidates.push_back({found.files[i].path, found.files[i].facts.modified_ns, i});
  std::vector<FoundFile> ordered;
  for (const OrderedFile& file : order(config.ordering, std::move(candidates))) ordered.push_back(std::move(found.files[file.index]));
  found.files = std::move(ordered);
  return found;
}

}  // namespace vigia::receivers
