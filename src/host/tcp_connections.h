#pragma once

// How many TCP connections are in which state, from /proc/net/tcp and tcp6. These files grow with the number of connections, so they are read
// in pieces.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"

namespace vigia::host {

// By the kernel's number: 1 is ESTABLISHED. "DELETE" (12) is a state that connections of today's kernels are never in.
constexpr std::array<std::string_view, 13> tcp_state_names = {"",           "ESTABLISHED", "SYN_SENT", "SYN_RECV",   "FIN_WAIT_1",
                                                              "FIN_WAIT_2", "TIME_WAIT",   "CLOSE",    "CLOSE_WAIT", "LAST_ACK",
                                                              "LISTEN",     "CLOSING",     "DELETE"};

// Takes the files' text in pieces that may end anywhere.
class TcpStateCounter {
 public:
  void begin_file();
  void take(std::string_view piece);
  void clear() { counts_ = {}; }
  const std::array<uint64_t, tcp_state_names.size()>& counts() const { return counts_; }

 private:
  void take_line(std::string_view line);

  std::array<uint64_t, tcp_state_names.size()> counts_{};
  std::string begun_line_;
  bool is_heading_ = true;
};

class TcpConnections {
 public:
  TcpConnections(FileSystem& files, const std::string& root_path);
  // Reads on by about `most_bytes`; true once counts() is of now. The next call then begins anew.
  Result<bool> read_on(size_t most_bytes);
  const std::array<uint64_t, tcp_state_names.size()>& counts() const { return counter_.counts(); }

  static constexpr size_t file_count = 2;

 private:
  Status open_current();
  void begin_file(size_t index);
  Result<size_t> read_piece();

  FileSystem& files_;
  const std::string root_path_;
  TcpStateCounter counter_;
  std::array<std::unique_ptr<File>, file_count> open_files_;  // They stay open, as ProcFile's do.
  size_t current_ = 0;
  uint64_t offset_ = 0;
  bool is_under_way_ = false;
  std::string piece_;
};

}  // namespace vigia::host
