#include "host/tcp_connections.h"

#include "host/proc_file.h"
#include "host/text_fields.h"

namespace vigia::host {

namespace {

constexpr std::array<std::string_view, 2> names = {"tcp", "tcp6"};
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
Status TcpConnections::open_next() {
  std::string name(names[files_read_]);
  auto opened = root_path_.empty() ? Result<std::unique_ptr<File>>(not_found(""))
                                   : files_.open_file(root_path_ + "/proc/1/net/" + name, FileMode::read);
  if (!opened.is_ok()) opened = files_.open_file(root_path_ + "/proc/net/" + name, FileMode::read);
  if (!opened.is_ok()) return std::move(opened).status();
  file_ = std::move(opened).value();
  offset_ = 0;
  counter_.begin_file();
  return {};
}

Result<bool> TcpConnections::read_on(size_t most_bytes) {
  if (files_read_ == 0 && !file_) counter_.clear();
  if (piece_.empty()) piece_.resize(piece_bytes);
  for (size_t done = 0; done < most_bytes;) {
    if (!file_) {
      Status status = open_next();
      // Without IPv6 there is no second file.
      if (!status.is_ok() && files_read_ == 0) return status;
      if (!status.is_ok()) files_read_ = names.size() - 1;
    }
    Result<size_t> count = file_ ? file_->read_at(offset_, piece_.data(), piece_.size()) : Result<size_t>(size_t{0});
    if (!count.is_ok()) {
      file_.reset();
      files_read_ = 0;
      return std::move(count).status();
    }
    counter_.take(std::string_view(piece_).substr(0, *count));
    offset_ += *count;
    done += *count;
    if (*count > 0) continue;
    file_.reset();
    if (++files_read_ < names.size()) continue;
    files_read_ = 0;
    return true;
  }
  return false;
}

}  // namespace vigia::host
