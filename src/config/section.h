#pragma once

// Typed reading of one part of a configuration. A component's configuration struct has its defaults as member initialisers, and is
// decoded by naming each key once:
//
//   void decode(config::Section& in, BatchConfig& out) {
//     in.duration_ms("timeout", out.timeout_ms);
//     in.field("send_batch_size", out.send_batch_size);
//     in.section("tls", [&](config::Section& tls) { decode(tls, out.tls.emplace()); });
//   }
//
// - A key that is missing or null leaves `out` as it is. Every reader returns whether the key was there and could be read.
// - A value that does not fit becomes an error with its position; reading goes on, so that all errors are told at once.
// - When the section ends, each key that nobody asked for is an error that names the nearest known key.
// - Values are read as leniently as the Collector's 0.88 did: "123" is fine for a number, 123 for a text (which gets it exactly as
//   written, `0123` included), and a single value for a list of one.
//
// A section borrows its node and diagnostics, and is used by one thread.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "config/node.h"

namespace vigia::config {

class Section {
 public:
  using Visitor = std::function<void(Section&)>;
  using KeyVisitor = std::function<void(const std::string& key, Section& value)>;

  // `key_position`: where the key of this section stands, for errors about the section as a whole.
  Section(const Node& node, std::string path, Diagnostics& diagnostics, Position key_position = {});
  ~Section() { finish(); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  // --- Values by key ---
  bool field(std::string_view key, bool& out);
  bool field(std::string_view key, int64_t& out);
  bool field(std::string_view key, uint64_t& out);
  bool field(std::string_view key, int32_t& out);
  bool field(std::string_view key, uint32_t& out);
  bool field(std::string_view key, uint16_t& out);
  bool field(std::string_view key, double& out);
  bool field(std::string_view key, std::string& out);
  // A list of values, or one value.
  bool field(std::string_view key, std::vector<std::string>& out);
  bool field(std::string_view key, std::vector<int64_t>& out);
  bool field(std::string_view key, std::vector<double>& out);
  bool field(std::string_view key, std::map<std::string, std::string>& out);
  template <typename T>
  bool field(std::string_view key, std::optional<T>& out) {
    T value{};
    if (!field(key, value)) return false;
    out = std::move(value);
    return true;
  }

  // "200ms", "1h30m"; a bare number is nanoseconds, as in the Collector, and gets a warning.
  // A part of a millisecond counts as a whole one, so that "10us" does not become 0.
  bool duration_ms(std::string_view key, int64_t& out);
  bool duration_ms(std::string_view key, std::optional<int64_t>& out);
  bool duration_ns(std::string_view key, int64_t& out);
  // 1024, "1MiB", "20 kb" (powers of 1024 with an i, of 1000 without).
  bool size_bytes(std::string_view key, uint64_t& out);
  bool size_bytes(std::string_view key, std::optional<uint64_t>& out);
  // A text that is never shown in messages or by print-config.
  bool secret(std::string_view key, std::string& out);
  bool secret(std::string_view key, std::optional<std::string>& out);
  // A map of texts whose values are secrets (headers).
  bool secret(std::string_view key, std::map<std::string, std::string>& out);

  // One of a few names, in any case of letters: in.choice("action", out.action, {{"insert", Action::insert}, …}).
  template <typename Choice>
  bool choice(std::string_view key, Choice& out, std::initializer_list<std::pair<std::string_view, std::type_identity_t<Choice>>> choices) {
    std::vector<std::string> names;
    for (const auto& one : choices) names.emplace_back(one.first);
    std::optional<size_t> index = choice_index(key, names);
    if (!index) return false;
    out = (choices.begin() + static_cast<std::ptrdiff_t>(*index))->second;
    return true;
  }

  // --- Parts by key ---
  // Called when the key is there, also with nothing after it (`tls:`), which reads as an empty map.
  bool section(std::string_view key, const Visitor& visit);
  // Called for each item of a list; a single value is a list of one.
  bool list(std::string_view key, const Visitor& visit);
  // Called for each entry of a map whose keys are free.
  bool each(std::string_view key, const KeyVisitor& visit);
  // The value of a key to look into later, or nullptr; nothing is checked about it here.
  const Node* take(std::string_view key);

  // --- Keys that are known but not used ---
  void accept_deprecated(std::string_view key, std::string_view advice);
  void accept_ignored(std::string_view key);
  // A key of the Collector that we refuse by name: "not in this build".
  void refuse(std::string_view key, std::string_view why);

  // --- This section's own value ---
  // For items of lists and values of free keys that are not maps themselves.
  bool as_string(std::string& out);
  bool as_secret(std::string& out);
  bool as_bool(bool& out);
  bool as_int(int64_t& out);
  bool as_double(double& out);
  bool as_duration_ms(int64_t& out);
  bool as_strings(std::vector<std::string>& out);
  // All of this section's entries or items, as each() and list() do for a key.
  bool entries(const KeyVisitor& visit);
  bool items(const Visitor& visit);
  // The whole value is taken as it is: no key of it is unknown.
  const Node& take_all();

  // --- Looking ---
  bool has(std::string_view key) const { return node_.find(key) != nullptr; }
  bool is_null() const { return node_.is_null(); }
  const Node& node() const { return node_; }
  const std::string& path() const { return path_; }
  // Where errors about this section point: its key when it has one, else its value.
  const Position& position() const;
  Diagnostics& diagnostics() { return diagnostics_; }
  // Whether anything has been reported since this section was opened.
  bool has_new_errors() const { return diagnostics_.error_count() > errors_before_; }

  // --- Rules of the component ---
  // An error or warning at a key's value, or at this section when the key is "" or missing.
  void error(std::string_view key, std::string message);
  void error(std::string message) { error("", std::move(message)); }
  void warn(std::string_view key, std::string message);
  // Reports unless the value that is in force (given or default) holds; returns `holds`.
  bool require(bool holds, std::string_view key, std::string message);

  // --- What others have to judge ---
  // The key says `value` about `topic`; see Claim.
  void claim(std::string_view topic, std::string_view key, std::string value);
  // Looks at the machine (files), after decoding and only when the component is used; the error stands at the key.
  void check_when_used(std::string_view key, std::function<Status(FileSystem&)> check);

  // Reports the keys nobody asked for. Called once, by the destructor if by nobody else.
  void finish();

 private:
  const Node* known(std::string_view key);
  std::optional<size_t> choice_index(std::string_view key, const std::vector<std::string>& names);
  template <typename T>
  bool read_key(std::string_view key, T& out, bool is_secret = false);
  template <typename T>
  bool read_own(T& out, bool is_secret = false);
  void check_is_map();
  void report_unknown(const MapEntry& entry);
  Position position_of(std::string_view key) const;

  const Node& node_;
  std::string path_;
  Diagnostics& diagnostics_;
  Position key_position_;
  std::vector<std::string> known_;
  std::vector<std::string> refused_;
  size_t errors_before_ = 0;
  bool is_taken_whole_ = false;
  bool is_finished_ = false;
  bool is_shape_checked_ = false;
};

}  // namespace vigia::config
