#pragma once

// Data that nobody reads any more: journals of pipelines that were given another name, overflows of exporters that have none any more, dead
// letters of exporters that are gone. It takes room and waits for nobody, which must not go unnoticed.
//
// Looks at names and sizes, at most at so many of one storage, and into small journals, which may be empty. Control thread.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "pipeline/plan.h"

namespace vigia::pipeline {

struct UnusedData {
  enum class Kind : uint8_t { journal, overflow, dead_letters };
  Kind kind = Kind::journal;
  std::string directory;
  std::string pipeline;
  std::string exporter;  // Of an overflow, and of dead letters.
  uint64_t bytes = 0;
};

// What holds data below a storage's directory and is not in `used`. Names and files behind the `most_entries`-th are not seen.
std::vector<UnusedData> find_unused_data(FileSystem& files, const std::string& storage_directory, const std::set<std::string>& used,
                                         size_t most_entries = 20'000);

class UnusedDataWatch {
 public:
  UnusedDataWatch(FileSystem& files, MetricRegistry& metrics, Logger log) : files_(files), metrics_(metrics), log_(std::move(log)) {}

  // To be called when another configuration has come into force. Each directory is told of once, until it is used again.
  void look(const Plan& plan, const std::function<Extension*(const ComponentId&)>& find_extension);

 private:
  void tell(const std::string& storage, const UnusedData& data) const;

  FileSystem& files_;
  MetricRegistry& metrics_;
  const Logger log_;
  std::set<std::string> told_;
  std::vector<MetricRegistry::Observation> sizes_;
};

}  // namespace vigia::pipeline
