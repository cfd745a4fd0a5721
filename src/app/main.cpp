#include <iostream>

#include "app/program.h"

// What jemalloc reads before it begins: few arenas, and pages that are free for a second go back to the system, on a thread of its own
// so that an idle program gives back, too.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf =
    "narenas:4,background_thread:true,max_background_threads:1,dirty_decay_ms:1000,muzzy_decay_ms:0,metadata_thp:disabled";
}

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  return vigia::app::run_program(words, {std::cout, std::cerr});
}
