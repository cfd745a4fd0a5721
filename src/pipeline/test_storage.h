#pragma once

// A storage extension for tests: a directory, and the settings that nobody said anything of.

#include <string>
#include <utility>

#include "pipeline/storage.h"

namespace vigia::pipeline::test {

class FakeStorage final : public Extension, public Storage {
 public:
  explicit FakeStorage(std::string directory) { settings_.directory = std::move(directory); }
  const StorageSettings& storage() const override { return settings_; }

 private:
  StorageSettings settings_;
};

}  // namespace vigia::pipeline::test
