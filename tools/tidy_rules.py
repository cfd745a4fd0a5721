"""The banned calls: what, where it is allowed all the same, and what to write instead. Every ban states its replacement."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Ban:
    rule: str
    pattern: re.Pattern
    message: str
    allowed: tuple = ()  # files below src/ that wrap the call
    in_tests: bool = True  # whether tests are held to it too

    def covers(self, path):
        if not self.in_tests and is_test(path):
            return False
        return not any(fnmatchcase(path, pattern) for pattern in self.allowed)


def is_test(path):
    return bool(re.search(r"_(test|fuzz|bench)\.cpp$|(^|/|_)test_\w+\.(h|cpp)$|_oracle\.h$|(^|/)testing/", path))


def ban(rule, pattern, message, allowed=(), in_tests=True):
    return Ban(rule, re.compile(pattern), message, tuple(allowed), in_tests)


# A call of a C function: not a member, not a declaration, not a name of ours in another namespace.
def call(names):
    return rf"(?:^\s*|[=(!;,?{{|<+-]\s*|(?<!:):\s+|&&\s*|\breturn\s+)(?:::|std::)?(?:{names})\s*\("


# Calls whose names are good names for our own functions too: ours are told apart by the "::" that we write before the system's.
def system_call(names):
    return rf"(?<![\w>])::(?:{names})\s*\("


BANS = (
    ban("clock", r"\b\w+_clock::now\b|" + call("time|gettimeofday|clock_gettime"),
        "time comes from a Clock (base/clock.h), so that tests can turn the hands",
        ["base/clock.cpp"]),
    ban("sleep", call("sleep|usleep|nanosleep") + r"|\bsleep_(for|until)\b",
        "loops have timers (net/event_loop.h); command-line tools use pause_thread_ms (base/clock.h)",
        ["base/clock.cpp"]),
    ban("random", call("rand|srand|random|drand48|getrandom") + r"|\brandom_device\b",
        "randomness comes from a Random (base/random.h), so that tests can seed it",
        ["base/random.cpp"]),
    ban("print", r"\bstd::(cout|cerr|clog)\b|" + call("printf|fprintf|puts|fputs|putchar|perror") + r"|\bfmt::print\b",
        "the program speaks through a Logger (base/log.h); only app/ prints",
        ["app/*", "base/check.cpp"]),
    ban("regex", r"\bstd::w?(regex|smatch|cmatch)\b", "regular expressions run on RE2 (ottl/): std::regex is slow and recurses"),
    ban("thread", r"\bstd::j?thread\b(?!::id)|\bstd::async\b|" + call("pthread_create|fork|vfork"),
        "work runs on the loops of a LoopGroup (net/event_loop.h)",
        ["net/event_loop.h", "net/event_loop.cpp", "extensions/pprof/profiler.*", "app/*"], in_tests=False),
    ban("lock", r"\bstd::(recursive_|shared_|timed_)?mutex\b", "shared state sits in Guarded<T> (base/guarded.h), so that it cannot be reached unlocked",
        ["base/guarded.h"], in_tests=False),
    ban("environment", call("getenv|secure_getenv|setenv|putenv"), "the environment is read once in app/ and handed on",
        ["app/*"], in_tests=False),
    ban("file", call("fopen|freopen") + "|" + system_call("open|openat|creat|rename|unlink|mkdir") + r"|\bstd::[io]?fstream\b",
        "files are reached through a FileSystem (base/file.h), so that tests can make the disk misbehave",
        ["base/file*.cpp", "base/log.cpp", "net/socket.cpp"], in_tests=False),
    ban("socket", call("socket|epoll_wait|getaddrinfo|gethostbyname") + "|" + system_call("connect|bind|listen|accept4?|recv|recvfrom|send|sendto"),
        "sockets belong to net/ (net/socket.h, net/dns.h)",
        ["net/*"], in_tests=False),
    ban("process", call("system|popen|execvp?e?|_exit|abort|exit"), "components answer with a Status; only app/ ends the program",
        ["app/*", "base/check.cpp"], in_tests=False),
    ban("throw", r"\bthrow\b", "failures are a Status or a Result<T> (base/status.h); nothing of ours throws"),
    ban("throwing-parse", r"\bstd::sto(i|l|ll|ul|ull|f|d|ld)\b|" + call("atoi|atol|atoll|atof"),
        "numbers are parsed by base/text.h, which says what is wrong and does not throw", in_tests=False),
    ban("using-namespace", r"\busing\s+namespace\b", "names are written out, or taken one by one", in_tests=False),
    ban("raw-new", r"(?<!_ptr)(?<!operator )\bnew\s+(?!\()(?=[\w:])(?<!\bplacement )", "objects are made by std::make_unique or live in a value",
        ["base/function.h"]),
    ban("raw-delete", r"(?<!= )(?<!operator )\bdelete\b(?!\s*;\s*$)", "resources belong to a unique_ptr, which deletes them",
        ["base/function.h"], in_tests=False),
    ban("c-memory", call("malloc|calloc|realloc|free|alloca"), "memory is a Buffer (base/bytes.h), a container or a unique_ptr",
        ["base/bytes.cpp"], in_tests=False),
    ban("c-string", call("sprintf|vsprintf|strcpy|strcat|strncpy|gets|strtok"), "text is built by fmt::format or std::string"),
    ban("assert", r"(?<!static_)\bassert\s*\(", "invariants are CHECKed (base/check.h): always on"),
    ban("global-state", r"^\s+static\s+(?!constexpr\b|const\b|inline\s+constexpr\b|_?assert)(?![^;={]*\()[\w:<>,\s*&]+\s+\w+\s*[=;{]|\bthread_local\b",
        "there are no singletons and no mutable globals: pass it through the constructor",
        ["base/compress.cpp"], in_tests=False),
)

# A condition variable needs a mutex of its own; everything else sits in Guarded<T>.
CONDITION_VARIABLE = "condition_variable"

# `new` inside the constructor call of a smart pointer is how a class with a private constructor makes itself.
OWNED_NEW = re.compile(r"(_ptr<[^;]*>\s*\w*\s*[({]|\.reset\()\s*new\b")

# Names that say nothing about what is inside.
VAGUE_NAMES = re.compile(r"(^|_)(utils?|helpers?|manager|common|misc)(_|\.|$)")

# Written in pieces, so that this file passes its own check.
UNFINISHED_WORDS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
FOREIGN_WORDS = tuple(
    "".join(pieces)
    for pieces in (
        ("/wo", "rk/"),
        ("/fa", "rm/"),
        ("/ro", "ot/"),
        ("registry.", "npmjs"),
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("proxy.", "golang"),
        ("maven", ".org"),
        ("deb.", "debian.org"),
        ("crates", ".io"),
    )
)
