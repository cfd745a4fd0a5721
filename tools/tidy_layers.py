"""The table of tools/layers.txt: who may include whom, and which files wrap which heavy header."""

from fnmatch import fnmatchcase

COMPONENT_LAYERS = ("receivers", "processors", "connectors", "exporters", "extensions")


class Layers:
    """The table of tools/layers.txt."""

    def __init__(self, text):
        self.allowed = {}
        self.wrapped = []
        section = ""
        for line in text.split("\n"):
            line = line.split("#")[0].strip()
            if not line:
                continue
            if line.startswith("["):
                section = line.strip("[]")
                continue
            name, _, values = line.partition(":")
            if section == "layers":
                self.allowed[name.strip()] = set(values.split())
            else:
                self.wrapped.append((name.strip(), values.split()))

    def layer_of(self, path):
        """"net", "receivers/otlp": the layer of a file below src/, or None when the table has no such layer."""
        folders = path.split("/")[:-1]
        if not folders:
            return None
        if folders[0] in self.allowed:
            return folders[0]
        if folders[0] + "/*" in self.allowed and len(folders) > 1:
            return "/".join(folders[:2])
        return None

    def may_include(self, layer, other):
        if layer == other:
            return True
        allowed = self.allowed.get(layer, self.allowed.get(layer.split("/")[0] + "/*", set()))
        return "*" in allowed or other in allowed

    def names_of(self, layer):
        allowed = self.allowed.get(layer, self.allowed.get(layer.split("/")[0] + "/*", set()))
        return " ".join(sorted(allowed)) or "nothing"

    def wrapper_of(self, header):
        for pattern, files in self.wrapped:
            if fnmatchcase(header, pattern):
                return files
        return None
