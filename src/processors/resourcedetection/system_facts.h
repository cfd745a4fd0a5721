#pragma once

// What files and the kernel tell of this machine.

#include <string>

#include "base/file.h"
#include "processors/resourcedetection/detector.h"

namespace vigia::processors {

struct SystemFacts {
  std::string hostname;
  FoundAttributes attributes;  // All but host.name; which of them are wanted is decided later.
};

// What is not there is left out.
SystemFacts read_system_facts(FileSystem& files);

}  // namespace vigia::processors
