#include "host/net_dev.h"

#include "base/text.h"
#include "host/text_fields.h"

namespace vigia::host {

Status parse_net_dev(std::string_view text, std::vector<NetworkInterface>& out) {
  out.clear();
  std::string_view line;
  if (!next_line(text, line) || !next_line(text, line))
    return internal_error("cannot read the network's counters: /proc/net/dev: no headings");
  while (next_line(text, line)) {
    // An alias has a colon in its name: "eth0:1: 12 …".
    size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) continue;
    NetworkInterface one;
    one.name = trim(line.substr(0, colon));
    Words words(line.substr(colon + 1));
    InterfaceTraffic& in = one.received;
    InterfaceTraffic& sent = one.sent;
    bool is_whole = !one.name.empty() && words.next_all(in.bytes, in.packets, in.errors, in.dropped) && words.skip(4) &&
                    words.next_all(sent.bytes, sent.packets, sent.errors, sent.dropped);
    if (is_whole) out.push_back(one);
  }
  return {};
}

}  // namespace vigia::host
