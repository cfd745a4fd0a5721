#pragma once

// What may be known of a journal that nobody has open, without touching it.

#include <string>
#include <vector>

#include "base/file.h"

namespace vigia::pipeline {

// Whether records may wait there for somebody; `names`: what lies in the directory. A journal gives its last file back when it is drained, but
// for a small one: only such a one is looked into. What cannot be read may hold data.
bool may_hold_data(FileSystem& files, const std::string& directory, const std::vector<std::string>& names);

}  // namespace vigia::pipeline
