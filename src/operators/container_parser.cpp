// `container`: what container runtimes write. Docker's lines are JSON; those of CRI-O and containerd say when, on which stream and, by a
// tag, whether the line is whole (F) or goes on (P). What the path of a pod's log says becomes the resource.

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/regex.h"
#include "operators/json_tree.h"
#include "operators/parser_operation.h"
#include "operators/recombiner.h"

namespace vigia::operators {

namespace {

enum class Format : uint8_t { detect, docker, crio, containerd };

constexpr std::string_view path_key = "log.file.path";
constexpr std::string_view path_pattern =
    R"(^.*(?:\/|\\)([^_]+)_([^_]+)_([a-f0-9\-]+)(?:\/|\\)([^\._]+)(?:\/|\\)(\d+)\.log(?:\.\d{8}-\d{6})?$)";
// In the order of the pattern's groups.
constexpr std::array<std::string_view, 5> resource_keys = {"k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.container.name",
                                                           "k8s.container.restart_count"};

// What a line consists of before its message.
struct CriLine {
  std::string_view time;
  std::string_view stream;
  std::string_view tag;
  std::string_view log;
};

bool read_cri(std::string_view text, CriLine& line) {
  size_t end = text.find(' ');
  if (end == std::string_view::npos || end == 0) return false;
  line.time = text.substr(0, end);
  text.remove_prefix(end + 1);
  line.stream = text.substr(0, 6);
  if ((line.stream != "stdout" && line.stream != "stderr") || text.size() < 7 || text[6] != ' ') return false;
  text.remove_prefix(7);
  end = std::min(text.find(' '), text.size());
  line.tag = text.substr(0, end);
  line.log = text.substr(std::min(end + 1, text.size()));
  return true;
}

// containerd writes UTC with a Z, CRI-O an offset.
bool has_time_of(Format format, std::string_view time) {
  size_t z = time.find('Z');
  if (format == Format::crio) return z == std::string_view::npos;
  return z == time.size() - 1 && time.size() > 1 && time.find('^') == std::string_view::npos;
}

struct ContainerState final : OperationState {
  explicit ContainerState(const RecombineSettings& settings) : recombiner(settings) {}

  void flush(Work& work, int64_t now_steady_ms, bool everything) override { recombiner.flush(work, now_steady_ms, everything); }
  std::optional<int64_t> next_flush_ms() const override { return recombiner.next_flush_ms(); }
  std::optional<uint64_t> oldest_held(std::string_view source) const override { return recombiner.oldest_held(source); }
  size_t held_count() const override { return recombiner.held_count(); }
  size_t held_bytes() const override { return recombiner.held_bytes(); }

  Recombiner recombiner;
  // Lines of a file come one after the other, and all have the same path.
  std::string last_path;
  bool is_last_path_a_pods = false;
  std::array<std::string, resource_keys.size()> last_parts;
};

class Container final : public Operation {
 public:
  Container(ParserSettings settings, Format format, bool adds_metadata, uint64_t max_log_bytes)
      : settings_(std::move(settings)),
        format_(format),
        adds_metadata_(adds_metadata),
        path_(Regex::compile(path_pattern).value()),
        utc_layout_(TimeLayout::from_go("2006-01-02T15:04:05.999Z").value()),
        offset_layout_(TimeLayout::from_go("2006-01-02T15:04:05.999999999Z07:00").value()) {
    recombining_.combine_with = "";
    recombining_.max_batch_size = 0;
    recombining_.max_unmatched_batch_size = 0;
    recombining_.max_log_bytes = max_log_bytes;
  }

  std::unique_ptr<OperationState> create_state() const override { return std::make_unique<ContainerState>(recombining_); }
  Outcome apply(Entry& entry, Work& work) const override;

 private:
  bool parse_docker(std::string_view text, Work& work, Value& out) const;
  bool parse_cri(std::string_view text, Format format, Work& work, Value& out) const;
  bool take_time(Entry& entry, Work& work, const TimeLayout& layout) const;
  bool move_parts(Entry& entry, Work& work) const;
  bool add_metadata(Entry& entry, Work& work) const;
  static std::string_view path_of(Entry& entry, Work& work);

  ParserSettings settings_;
  Format format_;
  bool adds_metadata_;
  Regex path_;
  TimeLayout utc_layout_;
  TimeLayout offset_layout_;
  RecombineSettings recombining_;
};

Format detect(std::string_view text) {
  if (text.starts_with('{')) return Format::docker;
  CriLine line;
  if (!read_cri(text, line)) return Format::detect;
  return has_time_of(Format::crio, line.time)         ? Format::crio
         : has_time_of(Format::containerd, line.time) ? Format::containerd
                                                      : Format::detect;
}

Outcome Container::apply(Entry& entry, Work& work) const {
  Value from;
  if (!settings_.parse_from.get(entry, work.arena, from)) return work.fail("the field to parse is missing", settings_.parse_from.text());
  if (!from.is_text()) return work.fail("only a text can be parsed, not", type_name(from.type));
  Format format = format_ == Format::detect ? detect(from.text()) : format_;
  if (format == Format::detect) return work.fail("this is no line of docker, crio or containerd", from.text());
  Value parsed;
  bool is_docker = format == Format::docker;
  if (is_docker ? !parse_docker(from.text(), work, parsed) : !parse_cri(from.text(), format, work, parsed)) return Outcome::failed;
  if (!settings_.finish(entry, parsed, work)) return Outcome::failed;
  if (!take_time(entry, work, format == Format::crio ? offset_layout_ : utc_layout_) || !move_parts(entry, work) ||
      !add_metadata(entry, work))
    return Outcome::failed;
  if (is_docker) return Outcome::passed;
  const Value* tag = entry.attributes(work.arena).find("logtag");
  bool is_whole = tag && tag->is_text() && tag->text() == "F";
  return static_cast<ContainerState*>(work.state)->recombiner.add(entry, path_of(entry, work), is_whole, work);
}

bool Container::parse_docker(std::string_view text, Work& work, Value& out) const {
  JsonReader reader;
  std::string_view error = reader.read(text, {}, work.arena, out);
  if (error.empty() && out.is_map()) return true;
  work.fail("this is no JSON object of docker's", error);
  return false;
}

bool Container::parse_cri(std::string_view text, Format format, Work& work, Value& out) const {
  CriLine line;
  if (!read_cri(text, line) || !has_time_of(format, line.time)) {
    work.fail(format == Format::crio ? "this is no line of crio" : "this is no line of containerd", text);
    return false;
  }
  Map* map = Map::create(work.arena, 8);
  map->append(work.arena, "time", Value::of_text(line.time));
  map->append(work.arena, "stream", Value::of_text(line.stream));
  map->append(work.arena, "logtag", Value::of_text(line.tag));
  map->append(work.arena, "log", Value::of_text(line.log));
  out = Value::of_map(map);
  return true;
}

bool Container::take_time(Entry& entry, Work& work, const TimeLayout& layout) const {
  Map& attributes = entry.attributes(work.arena);
  const Value* text = attributes.find("time");
  if (!text || !text->is_text()) {
    work.fail("the time is missing");
    return false;
  }
  // Both layouts say where the time holds.
  std::optional<int64_t> time = layout.parse(text->text(), TimeZone(), entry.observed_ns);
  if (!time) {
    work.fail("the time is none", text->text());
    return false;
  }
  entry.time_ns = *time;
  entry.has_time = true;
  attributes.remove("time");
  return true;
}

bool Container::move_parts(Entry& entry, Work& work) const {
  Map& attributes = entry.attributes(work.arena);
  Value log;
  Value stream;
  if (!attributes.remove("log", &log) || !attributes.remove("stream", &stream)) {
    work.fail("log or stream is missing");
    return false;
  }
  entry.body = log;
  attributes.set(work.arena, "log.iostream", stream);
  return true;
}

std::string_view Container::path_of(Entry& entry, Work& work) {
  const Value* path = entry.attributes(work.arena).find(path_key);
  if (path && path->is_text()) return path->text();
  return entry.origin ? std::string_view(entry.origin->source()) : std::string_view();
}

bool Container::add_metadata(Entry& entry, Work& work) const {
  if (!adds_metadata_) return true;
  auto& state = *static_cast<ContainerState*>(work.state);
  std::string_view path = path_of(entry, work);
  if (path != state.last_path) {
    state.last_path = path;
    state.is_last_path_a_pods = path_.find_groups(path, work.tools.groups);
    for (size_t i = 0; state.is_last_path_a_pods && i < resource_keys.size(); i++) state.last_parts[i] = work.tools.groups[i];
  }
  if (!state.is_last_path_a_pods) {
    work.fail("the path is none of a pod's log (add_metadata_from_filepath: false turns this off)", path);
    return false;
  }
  Map& resource = entry.resource(work.arena);
  // The state may see another path before this entry is written.
  for (size_t i = 0; i < resource_keys.size(); i++)
    resource.set(work.arena, resource_keys[i], Value::of_text(work.arena.copy(state.last_parts[i])));
  return true;
}

}  // namespace

OperationPointer decode_container(config::Section& section, Decoding& decoding) {
  Format format = Format::detect;
  bool adds_metadata = true;
  uint64_t max_log_bytes = 1 << 20;
  std::string name;
  if (section.field("format", name) && !name.empty())
    section.choice("format", format, {{"docker", Format::docker}, {"crio", Format::crio}, {"containerd", Format::containerd}});
  section.field("add_metadata_from_filepath", adds_metadata);
  section.size_bytes("max_log_size", max_log_bytes);
  return std::make_unique<Container>(ParserSettings::decode(section, decoding), format, adds_metadata, max_log_bytes);
}

}  // namespace vigia::operators
