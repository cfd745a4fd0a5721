#pragma once

// What names say about rotation: app.log becomes app.log.1, app.log-20240131, app-2024-01-31.log, app.log.2.gz.

#include <cstdint>
#include <string>
#include <string_view>

namespace vigia::receivers {

// The name (without a directory) that the file had before it was first rotated; the name itself when it does not look rotated.
std::string name_before_rotation(std::string_view name);

enum class NameRelation : uint8_t {
  none,
  siblings,  // Both may have been rotated from one name, or be two of a kind: app-1.log and app-2.log.
  rotated,   // `later` is what `earlier` is called after rotation.
};

// Of two paths. `later` is what appeared now.
NameRelation relation_of(std::string_view earlier, std::string_view later);

}  // namespace vigia::receivers
