#include "host/tcp_connections.h"

#include <utility>

#include "host/proc_file.h"
#include "host/text_fields.h"

namespace vigia::host {

namespace {

constexpr std::array<std::string_view, TcpConnections::file_count> names = {"tcp", "tcp6"};
constexpr size_t piece_bytes = 32768;
// A line has some 150 bytes; what goes on longer is none.
constexpr size_t longest_line = 1024;

}  // namespace

void TcpStateCounter::begin_file() {
  begun_line_.clear();
  is_heading_ = true;
}

void TcpStateCounter::take(std::string_view piece) {
  for (;;) {
    size_t end = piece.find('\n');
    if (end == std::string_view::npos) {
      if (begun_line_.size() < longest_line) begun_line_ += piece;
      return;
    }
    if (begun_line_.empty()) {
      take_line(piece.substr(0, end));
    } else {
      begun_line_ += piece.substr(0, end);
      take_line(begun_line_);
      begun_line_.clear();
    }
    piece.remove_prefix(end + 1);
  }
}

void TcpStateCounter::take_line(std::string_view line) {
  if (std::exchange(is_heading_, false)) return;
  Words words(line);
  std::string_view state;
  if (!words.skip(3) || !words.next(state)) return;
  std::optional<uint64_t> number = parse_unsigned(state, 16);
  // NEW_SYN_RECV is SYN_RECV for programs.
  if (number == tcp_state_names.size() - 1) number = 3;
  if (number && *number < counts_.size()) counts_[*number]++;
}

TcpConnections::TcpConnections(FileSystem& files, const std::string& root_path) : files_(files), root_path_(below_root(root_path, "")) {}

// The host's connections are those of its first process; /proc/net is this process's network.
Status TcpConnections::open_current() {
  std::string name = "/net/" + std::string(names[current_]);
  Result<std::unique_ptr<File>> opened = not_found("");
  if (!root_path_.empty()) opened = files_.open_file(root_path_ + "/proc/1" + name, FileMode::read);
  if (!opened.is_ok()) opened = files_.open_file(root_path_ + "/proc" + name, FileMode::read);
  if (!opened.is_ok()) return std::move(opened).status();
  open_files_[current_] = std::move(opened).value();
  return {};
}

void TcpConnections::begin_file(size_t index) {
  current_ = index;
  offset_ = 0;
  counter_.begin_file();
}

// Without IPv6 there is no second file, which then has nothing in it.
Result<size_t> TcpConnections::read_piece() {
  std::unique_ptr<File>& file = open_files_[current_];
  if (!file) {
    Status status = open_current();
    if (!status.is_ok() && current_ > 0) return size_t{0};
    RETURN_IF_ERROR(std::move(status));
  }
  Result<size_t> count = file->read_at(offset_, piece_.data(), piece_.size());
  if (!count.is_ok()) file.reset();
  return count;
}

Result<bool> TcpConnections::read_on(size_t most_bytes) {
  if (piece_.empty()) piece_.resize(piece_bytes);
  if (!std::exchange(is_under_way_, true)) {
    counter_.clear();
    begin_file(0);
  }
  for (size_t done = 0; done < most_bytes;) {
    Result<size_t> count = read_piece();
    if (!count.is_ok()) {
      is_under_way_ = false;
      return std::move(count).status();
    }
    counter_.take(std::string_view(piece_).substr(0, *count));
    offset_ += *count;
    done += *count;
    if (*count > 0) continue;
    is_under_way_ = current_ + 1 < names.size();
    if (!is_under_way_) return true;
    begin_file(current_ + 1);
  }
  return false;
}

}  // namespace vigia::host
