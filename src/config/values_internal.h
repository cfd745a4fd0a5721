#pragma once

// Reads one node as one C++ type, or reports what was expected and what was found.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/node.h"

namespace vigia::config {

struct DurationNs {
  int64_t value = 0;
};
struct SizeBytes {
  uint64_t value = 0;
};

class ValueReader {
 public:
  // A secret's value is never repeated in a message.
  ValueReader(Diagnostics& diagnostics, bool is_secret) : diagnostics_(diagnostics), is_secret_(is_secret) {}

  // False, with `out` as it was, for null (without an error) and for a value that does not fit (with one).
  bool read(const Node& node, const std::string& path, bool& out);
  bool read(const Node& node, const std::string& path, int64_t& out);
  bool read(const Node& node, const std::string& path, uint64_t& out);
  bool read(const Node& node, const std::string& path, int32_t& out);
  bool read(const Node& node, const std::string& path, uint32_t& out);
  bool read(const Node& node, const std::string& path, uint16_t& out);
  bool read(const Node& node, const std::string& path, double& out);
  bool read(const Node& node, const std::string& path, std::string& out);
  bool read(const Node& node, const std::string& path, DurationNs& out);
  bool read(const Node& node, const std::string& path, SizeBytes& out);
  bool read(const Node& node, const std::string& path, std::vector<std::string>& out);
  bool read(const Node& node, const std::string& path, std::vector<int64_t>& out);
  bool read(const Node& node, const std::string& path, std::vector<double>& out);
  bool read(const Node& node, const std::string& path, std::map<std::string, std::string>& out);

 private:
  template <typename T>
  bool read_whole(const Node& node, const std::string& path, T& out);
  template <typename T>
  bool read_list(const Node& node, const std::string& path, std::vector<T>& out);
  bool expected(const Node& node, const std::string& path, std::string_view what);
  void mark(const std::string& path) {
    if (is_secret_) diagnostics_.mark_secret(path);
  }

  Diagnostics& diagnostics_;
  bool is_secret_;
};

}  // namespace vigia::config
