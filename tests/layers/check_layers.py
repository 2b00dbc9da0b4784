"""Holds the #include lines of src and include, and the list of modules in docs/design.md, against src/layers.txt.

Usage: check_layers.py REPOSITORY; prints what is wrong, a line each, and ends with 1 if anything is.
"""
import pathlib
import re
import sys


def read_table(path):
    """{module: {used module: whether its private headers too}}, {file without its ending: module},
    {(file, header)} that are let pass"""
    allowed, parts, exceptions, problems = {}, {}, set(), []
    for line in path.read_text().splitlines():
        if exception := re.match(r"#\s+except (\S+) (\S+)", line):
            exceptions.add((exception[1], exception[2]))
        if part := re.match(r"#\s+(\w+) = (.+)", line):
            parts.update({name: part[1] for name in part[2].split()})
        fields = line.split("#")[0].split()
        if not fields:
            continue
        module, uses = fields[0], {use.rstrip("+"): use.endswith("+") for use in fields[1:]}
        problems += [f"{path.name}: {module} uses {use}, which does not stand above it" for use in uses if use not in allowed]
        allowed[module] = uses
    return allowed, parts, exceptions, problems


def includes(repository, parts):
    """(file, its module, header, its module, whether it is a private one) for every #include of ours."""
    for path in sorted(p for top in ("src", "include") for p in (repository / top).rglob("*") if p.is_file()):
        if path.suffix not in (".h", ".cc", ".inc"):
            continue
        inner = path.relative_to(repository)
        folders = inner.parts[1:] if inner.parts[0] == "src" else inner.parts[2:]
        if len(folders) < 2:  # vpr.h
            continue
        module = parts.get(f"{folders[0]}/{path.stem}", folders[0])
        for header in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.MULTILINE):
            words = header.split("/")
            private = words[0] != "vpr"
            if not private:
                words = words[1:]
            if len(words) < 2:  # vpr.h, vpr/version.h
                continue
            used = parts.get(f"{words[0]}/{pathlib.PurePath(words[1]).stem}" if private else "", words[0])
            yield str(inner), module, header, used, private


def reached(uses):
    """{module: everything it may use, directly or not}"""
    closed = {}
    for module in uses:
        closed[module] = set(uses[module]).union(*(closed.get(use, set()) for use in uses[module]))
    return closed


def check_design(path, allowed):
    """The arrows of the list of modules mean the same as the table; base goes without saying there."""
    text = path.read_text().split("## Modules", 1)[1].split("\n## ", 1)[0]
    listed = {}
    for line in text.splitlines():
        if not (found := re.match(r"    (\w+) +(-> (all but )?((?:\w+, )*\w+)(?: |$))?", line)):
            continue
        named = found[4].split(", ") if found[4] else []
        if found[3]:
            named = [module for module in allowed if module not in named + [found[1]]]
        listed[found[1]] = [] if found[1] == "base" else ["base"] + named
    for module in allowed.keys() - listed.keys() - {"tensors"}:
        yield f"{path.name}: {module} is missing in the list of modules"
    for module in listed.keys() - allowed.keys():
        yield f"{path.name}: {module} is no module of src/layers.txt"
    table, design = reached(allowed), {}
    order = [module for module in allowed if module in listed]  # each after what it uses
    for module, uses in reached({module: listed[module] for module in order}).items():
        design[module] = uses
    for module in order:
        expected = table[module] - {"tensors"}
        for use in sorted(expected - design[module]):
            yield f"{path.name}: {module} -> {use} is missing"
        for use in sorted(design[module] - expected - {"tensors"}):
            yield f"{path.name}: {module} -> {use} is not in src/layers.txt"


def check_names(repository):
    """Two types of one name in namespace vpr link, and then one is taken for the other."""
    found = {}
    for folder in ("include", "src"):
        for path in sorted((repository / folder).rglob("*.h")):
            text = path.read_text(encoding="utf-8")
            if not re.search(r"^namespace vpr \{", text, re.MULTILINE) or re.search(r"^namespace \{", text, re.MULTILINE):
                continue
            for name in re.findall(r"^(?:struct|class|enum class) (?:VPR_API )?(\w+)[^;\n]*\{", text, re.MULTILINE):
                found.setdefault(name, []).append(str(path.relative_to(repository)))
    for name, paths in sorted(found.items()):
        if len(paths) > 1:
            yield f"{name} is defined in {' and in '.join(paths)}"


def main():
    repository = pathlib.Path(sys.argv[1])
    allowed, parts, exceptions, problems = read_table(repository / "src/layers.txt")
    folders = {path.name for path in (repository / "src").iterdir() if path.is_dir()}
    problems += [f"src/{name} is in no line of src/layers.txt" for name in sorted(folders - allowed.keys())]
    count, used_edges = 0, set()
    for file, module, header, used, private in includes(repository, parts):
        count += 1
        if module == used or module not in allowed:
            continue
        used_edges.add((module, used))
        if (file, header) in exceptions:
            exceptions.discard((file, header))
        elif used not in allowed[module]:
            problems.append(f"{file}: {module} may not include headers of {used}")
        elif private and not allowed[module][used]:
            problems.append(f"{file}: {module} may not include private headers of {used}")
    problems += [
        f"src/layers.txt: {module} does not use {used}"
        for module, uses in allowed.items()
        for used in uses
        if (module, used) not in used_edges
    ]
    problems += [f"src/layers.txt: {file} does not include {header}" for file, header in sorted(exceptions)]
    problems += check_names(repository)
    problems += check_design(repository / "docs/design.md", allowed)
    print("\n".join(problems) or f"{count} includes, {len(used_edges)} arrows: as src/layers.txt has them")
    sys.exit(1 if problems else 0)


main()
