"""What a command leaves on a terminal's screen: screen.py COLUMNS COMMAND [ARGUMENT...]. Input, output and errors are
that one terminal, of so many columns. Prints the lines, ends with the command's exit code, and fails if it writes a
control character that it has no business to write, or never showed a progress bar."""
import fcntl
import os
import pty
import struct
import sys
import termios
import unicodedata

columns, command = int(sys.argv[1]), sys.argv[2:]
process, terminal = pty.fork()
if process == 0:
    # Before anything is written; the child's end of the terminal is its standard input.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execvp(command[0], command)
written = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:  # the end of a terminal
        break
    if not part:
        break
    written += part
status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])

lines, row, column = [[]], 0, 0
text = written.decode("utf-8")
bars = 0
i = 0
while i < len(text):
    c = text[i]
    i += 1
    if c == "\r":
        column = 0
    elif c == "\n":
        row += 1
        if row == len(lines):
            lines.append([])
    elif c == "\t":
        column = min(columns - 1, (column // 8 + 1) * 8)
    elif c == "\033" and text[i:i + 1] == "[":
        end = i + 1
        while not text[end].isalpha():
            end += 1
        if text[end] == "K":  # to the end of the line
            bars += 1
            del lines[row][column:]
        elif text[end] != "m":  # a colour
            sys.exit("an escape sequence %r" % text[i - 1:end + 1])
        i = end + 1
    elif unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp"):
        sys.exit("a control character %r" % c)
    else:
        width = 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if column + width > columns:  # a real one goes on in the next line
            row, column = row + 1, 0
            if row == len(lines):
                lines.append([])
        lines[row] += [" "] * (column - len(lines[row]))
        lines[row][column:column + width] = [c] + [""] * (width - 1)
        column += width
sys.stdout.write("\n".join("".join(line).rstrip() for line in lines).rstrip("\n") + "\n")
if bars == 0:
    sys.exit("no progress bar was shown: %r" % written)
sys.exit(status)
