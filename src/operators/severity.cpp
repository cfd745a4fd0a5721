#include "operators/severity.h"

namespace vigia::operators {

std::string_view severity_name(uint8_t number) {
  static constexpr std::string_view names[] = {"",       "TRACE",  "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2", "DEBUG3", "DEBUG4",
                                               "INFO",   "INFO2",  "INFO3",  "INFO4",  "WARN",   "WARN2",  "WARN3",  "WARN4",  "ERROR",
                                               "ERROR2", "ERROR3", "ERROR4", "FATAL",  "FATAL2", "FATAL3", "FATAL4"};
  return number <= max_severity ? names[number] : "";
}

}  // namespace vigia::operators
