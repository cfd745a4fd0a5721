"""The checks of tools/tidy. Each takes a file or the repository and yields findings."""

import json
import os
import re
import resource
import shlex
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tidy_layers import COMPONENT_LAYERS, Layers
from tidy_rules import BANS, CONDITION_VARIABLE, FOREIGN_WORDS, OWNED_NEW, UNFINISHED_WORDS, VAGUE_NAMES, is_test
from tidy_source import SourceFile

AIM_FILE_LINES = 300
MAX_FILE_LINES = 800
MAX_FUNCTION_LINES = 70
MAX_COMPILE_S = 15
CODE_SUFFIXES = {".h", ".cpp", ".py", ".sh", ".ts"}


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str
    is_warning: bool = False

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}{' (warning)' if self.is_warning else ''}: {self.message}"


def check_includes(source, layers, all_paths):
    path = source.path_in_src
    layer = layers.layer_of(path)
    if layer is None and is_test(path):
        layer = path.split("/")[0]
    if layer is None:
        yield Finding(source.path, 1, "layer", "this folder is not in tools/layers.txt")
        return
    for include in source.includes():
        if include.is_quoted:
            if "src/" + include.target not in all_paths:
                yield Finding(source.path, include.line, "include", f'"{include.target}" is not a file below src/; paths start there')
                continue
            other = layers.layer_of(include.target)
            top = include.target.split("/")[0]
            if is_test(path) and (top == path.split("/")[0] or other is None and layers.may_include(layer, top)):
                continue  # the tests of a layer are one program, and may share what stands in front of them
            if other is None or not layers.may_include(layer, other):
                yield Finding(source.path, include.line, "layer",
                              f"{layer} may not include {include.target}; it may include {layers.names_of(layer)} (tools/layers.txt)")
            continue
        wrapper = layers.wrapper_of(include.target)
        if wrapper is not None and not any(fnmatchcase(path, pattern) for pattern in wrapper):
            yield Finding(source.path, include.line, "heavy-header",
                          f"<{include.target}> stays inside {' '.join(wrapper)}; include the header of ours that wraps it")


def check_header_form(source, all_paths):
    includes = source.includes()
    if source.is_header:
        first = next((number for number, line in enumerate(source.code_lines, 1) if line.strip()), 1)
        if not source.lines or source.lines[first - 1].strip() != "#pragma once":
            yield Finding(source.path, first, "pragma-once", "a header begins with #pragma once")
        return
    own = re.sub(r"(_test|_fuzz|_bench)?\.cpp$", ".h", source.path_in_src)
    targets = [include.target for include in includes]
    must_include = not is_test(source.path_in_src) or own in targets
    if "src/" + own in all_paths and must_include and targets[:1] != [own]:
        yield Finding(source.path, includes[0].line if includes else 1, "own-header",
                      f'"{own}" is included first, which proves that it stands alone')


def check_bans(source):
    path = source.path_in_src
    has_condition = any(include.target == CONDITION_VARIABLE for include in source.includes())
    bans = [ban for ban in BANS if ban.covers(path) and not (ban.rule == "lock" and has_condition)]
    for number, code in enumerate(source.code_lines, 1):
        if not code.strip() or code.lstrip().startswith("#include"):
            continue
        for ban in bans:
            if not ban.pattern.search(code):
                continue
            if ban.rule == "raw-new" and OWNED_NEW.search(code):
                continue
            if ban.rule == "raw-delete" and re.search(r"=\s*delete\s*;", code):
                continue
            yield Finding(source.path, number, ban.rule, ban.message)


def check_macros_and_catches(source, layers):
    wraps_library = any(layers.wrapper_of(include.target) and not include.target.startswith("fmt/") for include in source.includes())
    last_include = max((include.line for include in source.includes()), default=0)
    for number, code in enumerate(source.code_lines, 1):
        # Above an include it is a switch of that library.
        constant = number > last_include and re.match(r"\s*#\s*define\s+(\w+)\s+[^\s/]", source.lines[number - 1])
        if constant and "#" in code:
            yield Finding(source.path, number, "macro", f"{constant.group(1)} is a constexpr value or an enumerator, not a macro")
        if re.search(r"\bcatch\s*\(", code) and not wraps_library and not is_test(source.path_in_src):
            yield Finding(source.path, number, "catch", "exceptions are caught in the file that wraps the library which throws them")


def check_sizes(source):
    count = len(source.lines)
    if count > MAX_FILE_LINES:
        yield Finding(source.path, 1, "file-size", f"{count} lines; at {MAX_FILE_LINES} a file is split along a seam of meaning")
    elif count > AIM_FILE_LINES:
        yield Finding(source.path, 1, "file-size", f"{count} lines; aim at {AIM_FILE_LINES}", is_warning=True)
    if source.is_cpp:
        for function in source.functions():
            if function.line_count > MAX_FUNCTION_LINES:
                yield Finding(source.path, function.first_line, "function-length",
                              f"{function.line_count} lines; a function fits a screen (aim at 40, at most {MAX_FUNCTION_LINES})")


def check_name(source):
    name = Path(source.path).name
    if VAGUE_NAMES.search(name):
        yield Finding(source.path, 1, "name", "a file is named for what it does, not utils, helpers, manager or common")
    if source.is_cpp and not re.fullmatch(r"[a-z0-9_]+\.(h|cpp)", name):
        yield Finding(source.path, 1, "name", "file names are snake_case")


def check_words(source):
    for number, line in enumerate(source.lines, 1):
        if match := UNFINISHED_WORDS.search(line):
            yield Finding(source.path, number, "unfinished", f"{match.group(1)}: finish it, or say what holds instead")
        for word in FOREIGN_WORDS:
            if word in line:
                yield Finding(source.path, number, "foreign-word", f"{word} names a machine or a registry and does not belong here")


def check_python(source):
    for number, line in enumerate(source.lines, 1):
        if re.search(r"\btime\.sleep\(", line.split("#")[0]):
            yield Finding(source.path, number, "sleep", "wait for a condition with a deadline (tests/waiting.py)")


def check_folders(all_paths):
    """Every folder of sources has its CMakeLists.txt, every component its README.md."""
    folders = {os.path.dirname(path) for path in all_paths if path.startswith("src/") and path.endswith((".h", ".cpp"))}
    for folder in sorted(folders):
        if folder + "/CMakeLists.txt" not in all_paths:
            yield Finding(folder, 1, "cmake", "one CMake target per folder: it has no CMakeLists.txt")
        parts = folder.split("/")
        if len(parts) == 3 and parts[1] in COMPONENT_LAYERS and folder + "/README.md" not in all_paths:
            yield Finding(folder, 1, "readme", "every component has a README.md: what it does, its keys, its metrics")


def check_cmake_edges(source, layers):
    """DEPS of a target follow the same table as includes."""
    layer = layers.layer_of(source.path_in_src)
    if layer is None:
        return
    for number, line in enumerate(source.lines, 1):
        match = re.search(r"vigia_library\(\w+\s+DEPS\s+([^)]*)", line)
        for dependency in match.group(1).split() if match else ():
            if dependency == "TEST_DEPS":
                break
            first, _, rest = dependency.partition("_")
            other = f"{first}/{rest}" if rest and first in COMPONENT_LAYERS else dependency
            if other in layers.allowed and not layers.may_include(layer, other) or "/" in other and layer != "app":
                yield Finding(source.path, number, "layer", f"{layer} may not depend on {dependency} (tools/layers.txt)")


def slow_objects(ninja_log, limit_s):
    """Objects whose last build took longer than the limit, with the seconds."""
    last = {}
    for line in ninja_log.split("\n"):
        fields = line.split("\t")
        if len(fields) == 5 and fields[3].endswith(".o"):
            last[fields[3]] = (int(fields[1]) - int(fields[0])) / 1000
    return {name: seconds for name, seconds in last.items() if seconds > limit_s}


def compile_cpu_s(command, directory):
    """Processor seconds of one compilation, without the cache. Wall time would blame a file for a busy machine."""
    words = shlex.split(command)
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    words[words.index("-o") + 1] = os.devnull
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=directory, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check_compile_times(root, all_paths, measure=compile_cpu_s):
    build = Path(root) / "build" / "dev"
    log, commands = build / ".ninja_log", build / "compile_commands.json"
    if not log.exists() or not commands.exists():
        return
    slow = slow_objects(log.read_text(), MAX_COMPILE_S)
    for entry in json.loads(commands.read_text()) if slow else ():
        path = os.path.relpath(entry["file"], root)
        if entry.get("output") not in slow or path not in all_paths:
            continue
        seconds = measure(entry["command"], entry["directory"])
        if seconds > MAX_COMPILE_S:
            yield Finding(path, 1, "compile-time",
                          f"{seconds:.0f} s to compile, at most {MAX_COMPILE_S}: move the heavy header behind a wrapper or split the file")


def findings_of(source, layers, all_paths):
    yield from check_words(source)
    if Path(source.path).suffix in CODE_SUFFIXES:
        yield from check_sizes(source)
        yield from check_name(source)
    if source.path.endswith(".py"):
        yield from check_python(source)
    if source.path_in_src is None:
        return
    if source.is_cpp:
        yield from check_includes(source, layers, all_paths)
        yield from check_header_form(source, all_paths)
        yield from check_bans(source)
        yield from check_macros_and_catches(source, layers)
    elif source.path.endswith("CMakeLists.txt"):
        yield from check_cmake_edges(source, layers)


def without_allowed(source, findings):
    """Drops what a `tidy: allow` covers; an allowance without a reason, or without a use, is itself a finding."""
    for finding in findings:
        allowance = next((a for a in source.allowances if a.rule == finding.rule and a.reason and
                          (finding.line - a.line in (0, 1) or finding.line == 1 and a.line <= 10)), None)
        if allowance:
            allowance.is_used = True
        else:
            yield finding
    for allowance in source.allowances:
        if not allowance.reason:
            yield Finding(source.path, allowance.line, "allow", "an exception states its reason: // tidy: allow <rule>: <reason>")
        elif not allowance.is_used:
            yield Finding(source.path, allowance.line, "allow", f"nothing here breaks {allowance.rule}: remove the exception")


def tracked_paths(root):
    """Files of the repository, those not yet added included."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            capture_output=True, check=False)
    if listed.returncode == 0:
        paths = listed.stdout.decode().split("\0")
    else:
        paths = [os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names]
        paths = [path for path in paths if not path.startswith(("build/", ".git/")) and "__pycache__" not in path]
    return sorted(path for path in paths if path and os.path.isfile(os.path.join(root, path)))


def check_repository(root):
    paths = tracked_paths(root)
    all_paths = set(paths)
    layers = Layers((Path(root) / "tools" / "layers.txt").read_text())
    findings = []
    for path in paths:
        source = SourceFile.read(root, path)
        if "\0" in source.text or path == "LICENSE":
            continue
        findings += without_allowed(source, findings_of(source, layers, all_paths))
    findings += check_folders(all_paths)
    findings += check_compile_times(root, all_paths)
    # Errors last, where the reader's eye is.
    return sorted(findings, key=lambda finding: (not finding.is_warning, finding)), len(paths)
