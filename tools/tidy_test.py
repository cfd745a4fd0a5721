"""tools/tidy must notice what it says it notices.

Every rule is given one file that breaks it and must fire there and nowhere else; look-alikes that are fine must pass. A rule
without a breaking example here fails the last test.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS))

import tidy_checks  # noqa: E402
from tidy_layers import Layers  # noqa: E402
from tidy_rules import BANS  # noqa: E402
from tidy_source import SourceFile, find_functions  # noqa: E402

LAYERS = Layers((TOOLS / "layers.txt").read_text())
HEADERS = {f"src/{name}.h" for name in (
    "base/status", "net/http", "otlp/wire", "pipeline/component", "config/section", "receivers/otlp/receiver", "receivers/jaeger/receiver",
    "app/main")}
LONG_FUNCTION = "void f() {\n" + "  g();\n" * 70 + "}\n"
UNFINISHED = "TO" + "DO"
ALLOW = "tidy: " + "allow"

# rule, path, text: each breaks exactly this rule.
BREAKS = [
    ("layer", "src/net/a.cpp", '#include "otlp/wire.h"\n'),
    ("layer", "src/otlp/a.cpp", '#include "net/http.h"\n'),
    ("layer", "src/base/a.cpp", '#include "app/main.h"\n'),
    ("layer", "src/receivers/otlp/a.cpp", '#include "receivers/jaeger/receiver.h"\n'),
    ("layer", "src/pipeline/a.cpp", '#include "receivers/otlp/receiver.h"\n'),
    ("layer", "src/elsewhere/a.cpp", "int a;\n"),
    ("layer", "src/net/CMakeLists.txt", "vigia_library(net DEPS base otlp)\n"),
    ("layer", "src/receivers/otlp/CMakeLists.txt", "vigia_library(receivers_otlp DEPS pipeline receivers_jaeger)\n"),
    ("include", "src/net/a.cpp", '#include "status.h"\n'),
    ("heavy-header", "src/otlp/a.cpp", "#include <yaml-cpp/yaml.h>\n"),
    ("heavy-header", "src/net/a.h", "#pragma once\n#include <openssl/ssl.h>\n"),
    ("heavy-header", "src/net/a.cpp", "#include <regex>\n"),
    ("heavy-header", "src/base/a.h", "#pragma once\n#include <fmt/core.h>\n"),
    ("pragma-once", "src/base/a.h", "#include <string>\n"),
    ("own-header", "src/base/status.cpp", '#include <string>\n\n#include "base/status.h"\n'),
    ("layer", "src/net/a_test.cpp", '#include "otlp/wire.h"\n'),
    ("own-header", "src/base/status_test.cpp", '#include <gtest/gtest.h>\n\n#include "base/status.h"\n'),
    ("clock", "src/net/a.cpp", "auto now = std::chrono::steady_clock::now();\n"),
    ("clock", "src/net/a.cpp", "void f() { clock_gettime(CLOCK_MONOTONIC, &t); }\n"),
    ("clock", "src/net/a.cpp", "int64_t now = time(nullptr);\n"),
    ("sleep", "src/net/a.cpp", "void f() { std::this_thread::sleep_for(pause); }\n"),
    ("sleep", "src/net/a_test.cpp", "void f() { usleep(10); }\n"),
    ("random", "src/net/a.cpp", "int n = rand();\n"),
    ("random", "src/net/a.cpp", "std::random_device source;\n"),
    ("print", "src/net/a.cpp", "void f() { std::cout << 1; }\n"),
    ("print", "src/net/a.cpp", 'void f() { printf("x"); }\n'),
    ("regex", "src/net/a.cpp", "bool f(std::regex& r);\n"),
    ("thread", "src/net/a.cpp", "std::thread t(f);\n"),
    ("lock", "src/net/a.cpp", "struct A { std::mutex m; };\n"),
    ("environment", "src/net/a.cpp", 'const char* home = std::getenv("HOME");\n'),
    ("file", "src/otlp/a.cpp", "int f(const char* p) { return ::open(p, 0); }\n"),
    ("file", "src/otlp/a.cpp", 'FILE* f = fopen("x", "r");\n'),
    ("file", "src/otlp/a.cpp", "std::ifstream file(path);\n"),
    ("socket", "src/pipeline/a.cpp", "int s = socket(AF_INET, SOCK_STREAM, 0);\n"),
    ("process", "src/net/a.cpp", "void f() { std::abort(); }\n"),
    ("throw", "src/net/a.cpp", "void f() { throw 1; }\n"),
    ("throwing-parse", "src/net/a.cpp", "int n = std::stoi(text);\n"),
    ("using-namespace", "src/net/a.cpp", "using namespace std;\n"),
    ("raw-new", "src/net/a.cpp", "A* a = new A(1);\n"),
    ("raw-delete", "src/net/a.cpp", "void f(A* a) { delete a; }\n"),
    ("c-memory", "src/net/a.cpp", "void* p = malloc(10);\n"),
    ("c-string", "src/net/a.cpp", "void f() { strcpy(a, b); }\n"),
    ("assert", "src/net/a.cpp", "void f() { assert(1); }\n"),
    ("global-state", "src/net/a.cpp", "void f() {\n  static int count = 0;\n}\n"),
    ("global-state", "src/net/a.cpp", "thread_local Loop* loop;\n"),
    ("macro", "src/net/a.cpp", "#define LIMIT 10\n"),
    ("catch", "src/net/a.cpp", "void f() { try { g(); } catch (...) { h(); } }\n"),
    ("file-size", "src/net/a.cpp", "int a;\n" * 801),
    ("function-length", "src/net/a.cpp", LONG_FUNCTION),
    ("name", "src/net/string_utils.cpp", "int a;\n"),
    ("name", "src/net/CamelCase.cpp", "int a;\n"),
    ("unfinished", "src/net/a.cpp", f"// {UNFINISHED}: later\n"),
    ("unfinished", "README.md", f"{UNFINISHED}\n"),
    ("foreign-word", "docs/a.md", "see /wo" + "rk/shared\n"),
    ("sleep", "tests/test_a.py", "time.sle" + "ep(1)\n"),
    ("allow", "src/net/a.cpp", f"int n = rand();  // {ALLOW} random\n"),
    ("allow", "src/net/a.cpp", f"int n = 1;  // {ALLOW} random: nothing random here\n"),
]

# path, text: look-alikes that no rule may touch.
PASSES = [
    ("src/net/a.cpp", '#include "base/status.h"\n'),
    ("src/receivers/otlp/a.cpp", '#include "pipeline/component.h"\n#include "receivers/otlp/receiver.h"\n'),
    ("src/app/a.cpp", '#include "receivers/otlp/receiver.h"\n#include <iostream>\n'),
    ("src/net/a.cpp", "#include <openssl/ssl.h>\n"),
    ("src/base/a.h", "// What it is.\n\n#pragma once\n"),
    ("src/base/status_test.cpp", '#include "base/status.h"\n\n#include <gtest/gtest.h>\n'),
    ("src/net/a.cpp", "// throw, new A, malloc(1), std::cout and rand() in a comment\n"),
    ("src/net/a.cpp", 'const char* text = "throw new A; // delete";\n'),
    ("src/net/a.cpp", "int64_t million = 1'000'000;\nint n = f('\"');\n"),
    ("src/net/a.cpp", "A(const A&) = delete;\nauto a = std::unique_ptr<A>(new A(1));\nnew (place) A();\n"),
    ("src/net/a.cpp", "int64_t f() { return clock.now() + loop.time(1) + file->open(2) + wall_time(3); }\n"),
    ("src/net/a.h", "#pragma once\nvirtual Status rename(int a) = 0;\nStatus open(int a);\n"),
    ("src/net/a.cpp", "static constexpr int limit = 1;\n  static const Names names = make();\n  static Result<int> parse(int a);\n"),
    ("src/net/a.cpp", "static_assert(sizeof(int) == 4);\n"),
    ("src/net/a.h", "#pragma once\n#include <condition_variable>\nstruct A { std::mutex m; std::condition_variable c; };\n"),
    ("src/receivers/otlp/a_test.cpp", '#include "receivers/jaeger/receiver.h"\n'),
    ("src/ottl/a.cpp", "bool f() { return accept(token) && send(1); }\n"),
    ("src/net/a_test.cpp", "std::thread t(f);\nstd::mutex m;\n"),
    ("src/config/a.cpp", "#include <yaml-cpp/yaml.h>\nvoid f() { try { g(); } catch (const YAML::Exception& e) { h(); } }\n"),
    ("src/otlp/a.cpp", "#define SIMDJSON_EXCEPTIONS 0\n#include <simdjson.h>\n"),
    ("src/base/a.h", "#pragma once\n#define CHECK_IT(a) f(a)\n"),
    ("src/net/a.cpp", f"int n = rand();  // {ALLOW} random: a test of the ban itself\n"),
    ("src/net/a.cpp", f"// {ALLOW} random: a test of the ban itself\nint n = rand();\n"),
    ("src/net/a.cpp", f"// {ALLOW} file-size: a table\n" + "int a;\n" * 801),
    ("src/net/a.cpp", "void f() {\n" + "  g();\n" * 68 + "}\nvoid h() {\n" + "  g();\n" * 68 + "}\n"),
    ("src/net/CMakeLists.txt", "vigia_library(net DEPS base OpenSSL::SSL TEST_DEPS otlp)\n"),
]


def errors_in(path, text):
    source = SourceFile(path, text)
    found = tidy_checks.without_allowed(source, tidy_checks.findings_of(source, LAYERS, HEADERS | {path}))
    return [finding for finding in found if not finding.is_warning]


class Rules(unittest.TestCase):
    def test_every_rule_fires_on_its_example(self):
        for rule, path, text in BREAKS:
            with self.subTest(rule=rule, text=text[:60]):
                self.assertIn(rule, {finding.rule for finding in errors_in(path, text)})
                self.assertLessEqual({finding.rule for finding in errors_in(path, text)}, {rule, "random"})

    def test_look_alikes_pass(self):
        for path, text in PASSES:
            with self.subTest(text=text[:60]):
                self.assertEqual([], [str(finding) for finding in errors_in(path, text)])

    def test_every_ban_has_an_example(self):
        self.assertLessEqual({ban.rule for ban in BANS}, {rule for rule, _, _ in BREAKS})

    def test_a_ban_does_not_hold_where_the_call_is_wrapped(self):
        self.assertEqual([], errors_in("src/base/clock.cpp", "void f() { clock_gettime(1, &t); }\n"))
        self.assertEqual([], errors_in("src/base/file.cpp", "int f() { return ::open(p, 0); }\n"))

    def test_a_finding_names_file_and_line(self):
        finding = errors_in("src/net/a.cpp", "int a;\nint n = rand();\n")[0]
        self.assertTrue(str(finding).startswith("src/net/a.cpp:2: random: "), finding)
        self.assertIn("base/random.h", finding.message)

    def test_long_files_warn_before_they_fail(self):
        source = SourceFile("src/net/a.cpp", "int a;\n" * 301)
        found = list(tidy_checks.findings_of(source, LAYERS, {source.path}))
        self.assertEqual([("file-size", True)], [(finding.rule, finding.is_warning) for finding in found])


class Functions(unittest.TestCase):
    def test_members_lambdas_and_initializers(self):
        code = ("namespace a {\nclass B : public C {\n public:\n  B(int x) : x_{x}, y_(2) {\n    z();\n  }\n"
                "  int f() const override {\n    return [this]() {\n      return x_;\n    }();\n  }\n"
                " private:\n  int x_{1};\n};\nconstexpr int table[] = {\n  1,\n};\n}  // namespace a\n")
        self.assertEqual([(4, 6), (7, 11)], [(found.first_line, found.last_line) for found in find_functions(code)])

    def test_macros_are_skipped(self):
        self.assertEqual([], find_functions("#define M(a) \\\n  do { \\\n  } while (0)\n"))


class Folders(unittest.TestCase):
    def test_a_folder_needs_its_target_and_a_component_its_readme(self):
        found = list(tidy_checks.check_folders({"src/net/a.cpp", "src/receivers/x/a.cpp", "src/receivers/x/CMakeLists.txt"}))
        self.assertEqual([("src/net", "cmake"), ("src/receivers/x", "readme")], [(finding.path, finding.rule) for finding in found])


class CompileTimes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        build = Path(self.folder.name) / "build" / "dev"
        build.mkdir(parents=True)
        (build / ".ninja_log").write_text("# ninja log v5\n0\t20000\t1\ta.o\tff\n0\t9000\t1\tb.o\tff\n")
        source = Path(self.folder.name) / "src" / "a.cpp"
        (build / "compile_commands.json").write_text(
            '[{"directory": "/", "command": "c++ -o a.o", "file": "%s", "output": "a.o"}]' % source)

    def tearDown(self):
        self.folder.cleanup()

    def check(self, seconds):
        return list(tidy_checks.check_compile_times(self.folder.name, {"src/a.cpp"}, measure=lambda *_: seconds))

    def test_a_slow_file_is_measured_again_and_named(self):
        self.assertEqual(["compile-time"], [finding.rule for finding in self.check(16)])

    def test_a_busy_machine_is_not_the_files_fault(self):
        self.assertEqual([], self.check(9))


class Program(unittest.TestCase):
    def test_exit_code_and_summary(self):
        with tempfile.TemporaryDirectory() as folder:
            for path, text in (("tools/layers.txt", "[layers]\nnet:\n"), ("src/net/CMakeLists.txt", "\n"), ("src/net/a.cpp", "int n = rand();\n")):
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / path).write_text(text)
            bad = subprocess.run([sys.executable, TOOLS / "tidy", folder], capture_output=True, text=True, check=False)
            self.assertEqual(1, bad.returncode)
            self.assertIn("src/net/a.cpp:1: random:", bad.stdout)
            self.assertIn("1 errors", bad.stdout.splitlines()[-1])
            os.remove(Path(folder) / "src/net/a.cpp")
            good = subprocess.run([sys.executable, TOOLS / "tidy", folder], capture_output=True, text=True, check=False)
            self.assertEqual((0, True), (good.returncode, good.stdout.startswith("tidy:")))


if __name__ == "__main__":
    unittest.main()
