#include "app/version.h"

namespace vigia::app {

std::string_view version() { return VIGIA_VERSION; }
std::string version_line() { return "vigia version " VIGIA_VERSION; }

}  // namespace vigia::app
