#pragma once

// What is remembered of a target from one scrape to the next: its series, and how each becomes a point.
//
// A series is found by the hash of the bytes it was written with. What is kept of it is 40 bytes, its place in a hash table, and the attributes
// of its point in wire form, which the buckets of one histogram share. Relabelling has been done when it was added. Series come in the same
// order mostly, so that the one behind the last is tried first, by the parser already: expected().
//
// Hashes are seeded at random for each process: nobody can choose names that collide.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "otlp/metric_view.h"
#include "prometheus/exposition.h"
#include "prometheus/labels.h"
#include "receivers/prometheus/blob_store.h"
#include "receivers/prometheus/block_vector.h"

namespace vigia::receivers {

// What a series is to the metric it belongs to.
enum class SeriesRole : uint8_t { value, bucket, quantile, sum, count, created, native, target_info, scope_info, dropped, unusable };

struct Series {
  uint64_t hash = 0;
  uint64_t point = 0;       // hash of the attributes: the parts of one histogram have the same
  double boundary = 0;      // of a bucket or quantile
  uint32_t attributes = 0;  // where they are in the store
  uint32_t metric = 0;
  uint32_t last_seen = 0;      // in which scrape
  uint16_t identity_size = 0;  // 0: it is not expected
  SeriesRole role = SeriesRole::value;
  bool is_live : 1 = false;  // its last point was a value, and its absence has to be told
  bool is_twin : 1 = false;  // relabelling made it the same point as an earlier series
};
static_assert(sizeof(Series) == 40);

// What a target says about names, by HELP, TYPE and UNIT.
struct MetricFamily {
  prometheus::MetricType type = prometheus::MetricType::unknown;
  std::string help;
  std::string unit;
  uint32_t last_seen = 0;
};

struct MetricEntry {
  std::string name;
  uint32_t family_size = 0;  // the beginning of the name is the family whose help and unit it has; 0 is none
  prometheus::MetricType type = prometheus::MetricType::unknown;
  otlp::MetricKind kind = otlp::MetricKind::gauge;
  bool is_monotonic = false;
  uint32_t resource = 0;
  uint32_t scope = 0;

  std::string_view family() const { return std::string_view(name).substr(0, family_size); }
  uint64_t key(uint64_t seed) const;
};

struct ResourceEntry {
  std::string job;
  std::string instance;
  std::string info;  // attributes from target_info, as field 1; kept until it says something else

  std::string key() const { return job + '\0' + instance; }
};
struct ScopeEntry {
  std::string name;  // "": the receiver's own scope
  std::string version;
  std::string schema_url;
  std::string attributes;  // as field 3
  std::string info;        // attributes from otel_scope_info
  std::string key() const { return name + '\0' + version + '\0' + schema_url + '\0' + attributes; }
  bool is_default() const { return name.empty() && version.empty() && schema_url.empty() && attributes.empty(); }
};

class SeriesTable {
 public:
  using ExpectedSeries = prometheus::ExpectedSeries;
  static constexpr uint32_t none = UINT32_MAX;

  // Resource 0 is the target itself.
  SeriesTable(std::string_view job, std::string_view instance, uint64_t seed);

  // --- During a scrape ---
  void begin_scrape() {
    scrape_++;
    seen_ = 0;
    expect(0);
  }
  uint32_t scrape() const { return scrape_; }
  // What the parser may look for before it reads; take_expected() is that series when it has come.
  const ExpectedSeries& expected() const { return expected_; }
  uint32_t take_expected() {
    uint32_t index = next_;
    expect(index + 1);
    return index;
  }
  uint32_t find(std::string_view identity);
  // True the first time in a scrape.
  bool see(Series& series) {
    bool is_first = series.last_seen != scrape_;
    series.last_seen = scrape_;
    seen_ += is_first;
    return is_first;
  }
  // Whether nothing that was there before is missing.
  bool has_seen_all() const { return seen_ == series_.size(); }
  // A new series with its final labels (the name among them), or null for one that relabelling drops. REQUIRES: find() did not find it.
  uint32_t add(std::string_view identity, const prometheus::LabelList* labels, bool is_native);
  Series& operator[](uint32_t index) { return series_[index]; }
  const Series& series_at(uint32_t index) const { return series_[index]; }

  // Metadata of a name. A type that changed makes new series of all that belong to it.
  void set_help(std::string_view family, std::string_view help);
  void set_type(std::string_view family, prometheus::MetricType type);
  void set_unit(std::string_view family, std::string_view unit);

  // --- After a scrape ---
  // Finds series that became the same point. REQUIRES: called before points are written, when series were added.
  void mark_twins();
  // Lets go of what this scrape did not show.
  void forget_unseen();
  // Lets go of everything: the target has been away for long.
  void forget_all();
  // Whether scrapes that failed in the end left much more than the last good one had.
  bool is_overgrown() const { return series_.size() > good_size_ * 2 + 1000; }

  // --- Looking ---
  size_t size() const { return series_.size(); }
  std::string_view attributes_of(const Series& series) const { return attributes_.at(series.attributes); }
  const std::vector<MetricEntry>& metrics() const { return metrics_; }
  std::vector<ResourceEntry>& resources() { return resources_; }
  const std::vector<ResourceEntry>& resources() const { return resources_; }
  std::vector<ScopeEntry>& scopes() { return scopes_; }
  const std::vector<ScopeEntry>& scopes() const { return scopes_; }
  const MetricFamily* family(std::string_view name) const;
  // Metrics in the order they are written: by resource, then scope.
  std::vector<uint32_t> metric_order() const;
  size_t memory_bytes() const;
  // About the same, cheap enough to be asked in the middle of a scrape.
  size_t rough_bytes() const;

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  template <typename Value>
  using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

  // What the name of a series and the known types make of it.
  struct Place {
    std::string name;
    size_t family_size = 0;
    prometheus::MetricType type = prometheus::MetricType::unknown;
    SeriesRole role = SeriesRole::value;
  };
  Place place_of(std::string_view name, bool is_native) const;
  std::optional<Place> place_in(std::string_view base, std::string_view suffix) const;
  void set_boundary(const prometheus::LabelList& labels, Series& series) const;
  void set_attributes(const prometheus::LabelList& labels, Series& series);
  uint32_t metric_index(const Place& place, const prometheus::LabelList& labels);
  uint32_t resource_index(const prometheus::LabelList& labels);
  uint32_t scope_index(const prometheus::LabelList& labels);
  MetricFamily& seen_family(std::string_view name);
  bool is_outdated(const Series& series) const;
  uint32_t probe(uint64_t hash) const;
  void expect(uint32_t next) {
    next_ = next;
    bool is_known = next < series_.size() && changed_families_.empty();
    expected_.hash = is_known ? series_[next].hash : 0;
    expected_.size = is_known ? series_[next].identity_size : 0;
  }
  void insert_slot(uint32_t index);
  void rebuild_slots();
  void rebuild_lists();

  uint64_t seed_;
  uint32_t scrape_ = 0;
  uint32_t next_ = 0;  // where the series behind the last one is
  ExpectedSeries expected_;
  size_t seen_ = 0;       // series of this scrape
  size_t good_size_ = 0;  // how many there were after the last scrape that was good
  BlockVector<Series> series_;
  std::vector<uint32_t> slots_;  // index + 1, by hash; a power of two
  BlobStore attributes_;
  std::vector<MetricEntry> metrics_;
  std::unordered_map<uint64_t, uint32_t> metric_indexes_;  // by hash
  std::vector<ResourceEntry> resources_;
  TextMap<uint32_t> resource_indexes_;
  std::vector<ScopeEntry> scopes_;
  TextMap<uint32_t> scope_indexes_;
  TextMap<MetricFamily> families_;
  // Whose type has become another: their series are made anew when they are seen, until a scrape was good.
  std::unordered_set<std::string, TextHash, std::equal_to<>> changed_families_;
};

}  // namespace vigia::receivers
