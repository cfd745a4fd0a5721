#pragma once

// Everything that /proc says of one process, as far as the configuration wants it. Buffers are used for one process after the other.

#include <optional>
#include <string>
#include <string_view>

#include "host/process_list.h"
#include "host/process_text.h"
#include "host/user_names.h"
#include "receivers/hostmetrics/process_config.h"
#include "receivers/hostmetrics/scraper.h"

namespace vigia::receivers {

class ProcessReading {
 public:
  // The references must outlive this.
  ProcessReading(const ProcessConfig& config, host::ProcessList& processes, Failures& failures, FileSystem& files,
                 const std::string& root_path);

  Status begin_round();
  // Reads the process that the list stands at. False when it has ended, or is not wanted.
  bool read_process(Round& round, uint64_t boot_time_ms);

  // --- Of that process ---
  const host::ProcessStat& stat() const { return stat_; }
  const host::ProcessStatus& status() const { return status_; }
  uint64_t start_ns() const { return start_ns_; }
  uint64_t resident_bytes() const { return stat_.resident_pages * page_bytes_; }
  // The content of its Resource.
  std::string_view resource() const { return resource_; }
  // These are read when they are asked for; nothing when nobody wants them or they cannot be read.
  std::optional<host::ProcessIo> io();
  std::optional<uint64_t> open_descriptors();
  // Context switches of all threads.
  std::optional<host::ProcessStatus> switches();

 private:
  bool needs_status() const;
  void read_status();
  void build_resource(std::string_view name);
  void add_attribute(process::Attribute attribute, std::string_view value);
  void add_executable();
  void add_owner();
  void add_cgroup();
  void fail(bool is_muted, std::string_view what, const Status& why, size_t points);

  const ProcessConfig& config_;
  host::ProcessList& processes_;
  Failures& failures_;
  host::UserNames users_;
  const uint64_t page_bytes_;
  host::ProcessStat stat_;
  host::ProcessStatus status_;
  std::string_view cmdline_;
  uint64_t start_ns_ = 0;
  std::string resource_;
  std::string stat_buffer_, cmdline_buffer_, other_buffer_, joined_;
};

}  // namespace vigia::receivers
