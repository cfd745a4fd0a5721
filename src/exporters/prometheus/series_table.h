#pragma once

// All series on the page, by metric, with a bound on their number.
//
// - A series is its metric's name and its labels, wherever they came from. Of several points with the same ones the later counts.
// - A metric has the type and the help that it had first. Points of another type are dropped, and told once.
// - A series that nothing came for since `expiration_ms` is not shown, and is forgotten at the next sweep. So is one whose newest point has no
//   recorded value.
// - When there are as many series as there may be, points of new ones are dropped and counted; those that are there go on.
//
// Any thread. The lock is held for one batch, or for a piece of the page.

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"
#include "base/metrics.h"
#include "exporters/prometheus/exposed_series.h"
#include "pipeline/component.h"
#include "prometheus/translate.h"

namespace vigia::exporters {

class SeriesTable {
 public:
  struct Limits {
    uint64_t max_series = 1'000'000;
    int64_t expiration_ms = 300'000;
  };
  SeriesTable(const pipeline::Context& context, const prometheus::TranslateSettings& settings, const Limits& limits);

  // Takes the points of a request.
  void take(std::string_view request, int64_t now_ms);
  // Forgets some of what has expired, unless somebody is reading. Says whether there is more to look at.
  bool sweep_some(int64_t now_ms);
  // Writes everything.
  void write(prometheus::ExpositionWriter& writer, bool has_timestamps, int64_t now_ms);

  size_t series_count() const;
  // Of the last page, to make room for the next.
  size_t page_bytes() const { return page_bytes_.load(std::memory_order_relaxed); }
  void note_page(size_t bytes) { page_bytes_.store(bytes, std::memory_order_relaxed); }

 private:
  struct Family;
  struct Entry {
    uint64_t hash = 0;
    Family* family = nullptr;
    std::string labels;  // Each as two texts with their lengths before them.
    std::string shown;   // Instead of these, when the labels say only whose target_info it is.
    int64_t updated_ms = 0;
    bool is_gone = false;
    ExposedSeries series;
  };
  struct Family {
    std::string name;
    std::string help;
    prometheus::FamilyType type = prometheus::FamilyType::unknown;
    int64_t updated_ms = 0;
    bool is_conflict_told = false;
    std::vector<std::unique_ptr<Entry>> entries;
  };
  struct Key {
    uint64_t hash;
    const Family* family;
    std::string_view labels;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(const Entry* entry) const { return entry->hash; }
    size_t operator()(const Key& key) const { return key.hash; }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const { return a == b; }
    bool operator()(const Key& key, const Entry* entry) const {
      return entry->hash == key.hash && entry->family == key.family && entry->labels == key.labels;
    }
    bool operator()(const Entry* entry, const Key& key) const { return (*this)(key, entry); }
  };
  struct State {
    std::map<std::string, Family, std::less<>> families;
    std::unordered_set<Entry*, Hash, Same> index;
    size_t readers = 0;
    // Where the next sweep goes on.
    std::string sweep_name;
    size_t sweep_place = 0;
  };
  enum class Drop : uint8_t { type_conflict, series_limit, not_cumulative, too_old, no_name, labels_too_long };
  class Intake;
  class Page;

  Key key_of(const Family& family, std::string_view labels) const;
  Entry* entry_of(State& state, Family& family, std::string_view labels);
  bool sweep_family(State& state, Family& family, int64_t now_ms) const;
  bool is_shown(const Entry& entry, int64_t now_ms) const { return !entry.is_gone && entry.updated_ms + limits_.expiration_ms >= now_ms; }

  const Logger log_;
  const Limits limits_;
  const uint64_t seed_;
  std::array<Counter*, 6> dropped_;
  Guarded<State> state_;
  // Translators are used by one caller at a time.
  const prometheus::TranslateSettings settings_;
  Guarded<std::vector<std::unique_ptr<prometheus::Translator>>> translators_;
  std::atomic<size_t> page_bytes_{0};
};

}  // namespace vigia::exporters
