// bin/vigia of the portable bundle. It starts the program with the loader and the libraries that lie beside it, whatever this machine has or
// lacks, and is gone then: the process is the program's. Linked statically, so that it needs nothing itself.
//
//   bin/vigia          this
//   libexec/vigia      the loader, under the name that ps and top are to show
//   libexec/program    the program
//   lib/               its libraries
//   share/ca-certificates.crt

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/auxv.h>
#include <unistd.h>

namespace {

// The folder of the bundle: two above this file, through all symlinks. Without /proc the kernel still knows by which path we were started.
std::string bundle_folder() {
  char path[PATH_MAX];
  const char* started_as = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  if (!realpath("/proc/self/exe", path) && !(started_as && realpath(started_as, path))) return {};
  std::string folder = path;
  for (int levels = 0; levels < 2; ++levels) {
    size_t slash = folder.rfind('/');
    if (slash == std::string::npos) return {};
    folder.resize(slash);
  }
  return folder;
}

// Whom TLS trusts is this machine's matter, wherever its system keeps that. What the bundle brings is for machines that say nothing.
std::string certificates(const std::string& folder) {
  constexpr const char* places[] = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Alpine, Arch
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, Red Hat
      "/etc/pki/tls/certs/ca-bundle.crt",                   // the same, older
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/etc/ssl/cert.pem",
  };
  for (const char* place : places)
    if (access(place, R_OK) == 0) return place;
  return folder + "/share/ca-certificates.crt";
}

}  // namespace

int main(int count, char** words) {
  std::string folder = bundle_folder();
  if (folder.empty()) {
    std::fputs("Error: cannot tell where this program lies: /proc is not mounted\n", stderr);
    return 1;
  }
  if (!getenv("SSL_CERT_FILE") && !getenv("SSL_CERT_DIR")) setenv("SSL_CERT_FILE", certificates(folder).c_str(), 1);
  std::string loader = folder + "/libexec/vigia", libraries = folder + "/lib", program = folder + "/libexec/program";
  std::string own_name = count > 0 ? words[0] : "vigia";
  std::vector<std::string> command = {"vigia", "--inhibit-cache", "--library-path", libraries, "--argv0", own_name, program};
  for (int index = 1; index < count; ++index) command.emplace_back(words[index]);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(loader.c_str(), arguments.data());
  std::perror(("Error: cannot start " + loader).c_str());
  return 1;
}
