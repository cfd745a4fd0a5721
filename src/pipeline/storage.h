#pragma once

// A place on disk where durable pipelines keep what they have accepted and not yet delivered; implemented by extensions (file_storage).

#include <cstdint>
#include <functional>
#include <string>

#include "pipeline/component.h"

namespace vigia::pipeline {

// When what was accepted is made safe against a power cut. In any case it survives the end of the process.
enum class StorageSync : uint8_t {
  always,    // Before the sender gets its answer.
  interval,  // At most so long after it.
  never,     // When the system likes.
};

struct StorageSettings {
  std::string directory;
  StorageSync sync = StorageSync::always;
  int64_t sync_interval_ms = 1'000;
  uint64_t max_bytes = 0;  // Of one pipeline's files together; 0: as far as the queues' own limits and the disk allow.
};

class Storage {
 public:
  virtual ~Storage() = default;
  // The directory is there and can be written to.
  virtual const StorageSettings& storage() const = 0;
};

// The started extension of that name.
Result<const Storage*> find_storage(const std::function<Extension*(const ComponentId&)>& find_extension, const ComponentId& id);

}  // namespace vigia::pipeline
