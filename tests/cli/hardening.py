"""Whether built files are hardened: hardening.py FILE... reads what the linker made (readelf) and says what is
missing. hardening.py --compiler COMPILER: a program made without any of it must be found out."""
import os
import re
import subprocess
import sys
import tempfile

ENDBR64 = b"\xf3\x0f\x1e\xfa"
# `orq $0,(%rsp)` of GCC, `movq $0,(%rsp)` of Clang: what touches every page of a large frame, and hardly anything else.
STACK_PROBES = (b"\x48\x83\x0c\x24\x00", b"\x48\xc7\x04\x24\x00\x00\x00\x00")
SUBTRACT_FROM_STACK = re.compile(rb"\x48\x81\xec(....)", re.DOTALL)  # `sub $N,%rsp`
# With FORTIFY these are never called, but where the compiler can see that nothing can go wrong.
UNCHECKED = {"printf", "fprintf", "sprintf", "vprintf", "vfprintf", "vsprintf"}


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True, text=True,
                          env=dict(os.environ, LC_ALL="C")).stdout


def missing(path):
    """What a file lacks, in words."""
    found = []
    header, segments, dynamic = readelf("-h", path), readelf("-l", path), readelf("-d", path)
    flags = re.findall(r"\((?:FLAGS|FLAGS_1)\)\s+(.*)", dynamic)
    if not re.search(r"Type:\s+DYN", header):
        found.append("position-independent code")
    if "INTERP" in segments and not any("PIE" in f for f in flags):
        found.append("PIE")
    if "GNU_RELRO" not in segments or not any("BIND_NOW" in f or re.search(r"\bNOW\b", f) for f in flags):
        found.append("full RELRO")
    if "TEXTREL" in dynamic:
        found.append("code that is never written to (TEXTREL)")
    if not re.search(r"GNU_STACK.*\bRW\b", segments) or re.search(r"\bRWE\b", segments):
        found.append("a stack without execution")
    symbols = [line.split() for line in readelf("--dyn-syms", path).splitlines()]
    symbols = [s for s in symbols if len(s) >= 8 and s[0].rstrip(":").isdigit()]
    undefined = {s[7].split("@")[0] for s in symbols if s[6] == "UND"}
    if "__stack_chk_fail" not in undefined:
        found.append("stack protector")
    unchecked = sorted(undefined & UNCHECKED)
    if unchecked or not any(re.fullmatch(r"__(?!stack).*_chk", name) for name in undefined):
        found.append("FORTIFY" + (" (%s)" % ", ".join(unchecked) if unchecked else ""))
    if "X86-64" not in header:
        return found
    if "SHSTK" not in readelf("-n", path):
        found.append("CET (no shadow stack in its notes)")
    text = [line for line in readelf("-S", path).splitlines() if re.search(r"\] \.text\s", line)][0]
    number = int(re.match(r"\s*\[\s*(\d+)\]", text).group(1))
    address, offset, size = (int(x, 16) for x in text.split("PROGBITS")[1].split()[:3])
    with open(path, "rb") as file:
        file.seek(offset)
        code = file.read(size)
    # What can be called from elsewhere; of the program its main, if it was not stripped.
    functions = [s for s in symbols if s[3] == "FUNC" and s[6] == str(number)]
    for line in readelf("-s", path).splitlines():
        s = line.split()
        if len(s) >= 8 and s[3] == "FUNC" and s[7] == "main" and s[6] == str(number):
            functions.append(s)
    bare = [s[7] for s in functions if not code[int(s[1], 16) - address :].startswith(ENDBR64)]
    if bare:
        found.append("CET (%d of %d functions without endbr64, %s first)" % (len(bare), len(functions), bare[0]))
    # Only frames over a page are probed; a small module may have none.
    large = any(4096 < int.from_bytes(size, "little") < 2**31 for size in SUBTRACT_FROM_STACK.findall(code))
    if large and not any(probe in code for probe in STACK_PROBES):
        found.append("stack clash protection")
    return found


def check_that_it_sees(compiler):
    """All of the above is missing from a program that asks for none of it."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = folder + "/bare.c", folder + "/bare"
        with open(source, "w") as file:
            file.write('#include <stdio.h>\n'
                       'int main(int n, char** v) { char big[100000]; sprintf(big, "%d %s", n, v[0]); puts(big + n);'
                       ' return 0; }\n')
        subprocess.run([compiler, "-x", "c", source, "-o", program, "-O2", "-no-pie", "-fno-pie",
                        "-fno-stack-protector", "-fno-stack-clash-protection", "-fcf-protection=none",
                        "-U_FORTIFY_SOURCE", "-Wl,-z,norelro,-z,lazy,-z,execstack"],
                       check=True, stderr=subprocess.DEVNULL)
        seen = " ".join(missing(program))
        for what in ("position-independent", "RELRO", "stack without execution", "stack protector", "FORTIFY",
                     "CET (no", "CET (1 of", "stack clash"):
            if what not in seen and ("X86-64" in readelf("-h", program) or what[:3] not in ("CET", "stack clash")):
                sys.exit("hardening.py does not see that a program lacks: %s (it sees: %s)" % (what, seen))


if sys.argv[1] == "--compiler":
    check_that_it_sees(sys.argv[2])
    sys.exit(0)
failed = False
for path in sys.argv[1:]:
    lacks = missing(path)
    print("%s: %s" % (path, "lacks " + ", ".join(lacks) if lacks else "hardened"))
    failed = failed or bool(lacks)
sys.exit(failed)
