"""Ctrl-C on a terminal: at "Press Enter" it ends vpr cleanly, at a passphrase's prompt it leaves the
terminal as it was; a signal that ends vpr takes the bar away.
usage: terminal.py VPR RECORDING   ($VPR_DB: a store that is not encrypted; locked.db: one that is)"""
import os
import pty
import random
import select
import signal
import sys
import termios
import time
import wave

vpr, recording = sys.argv[1:3]


def on_terminal(arguments, until, environment={}):
    """Starts vpr on a terminal of its own and waits for `until`; gives its id and the terminal."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(environment)
        os.execv(vpr, [vpr, *arguments])
    shown = b""
    end = time.time() + 60
    while until not in shown:
        if time.time() > end or not select.select([terminal], [], [], 60)[0]:
            sys.exit("vpr %s shows no %r: %r" % (arguments, until, shown))
        shown += os.read(terminal, 1024)
    return process, terminal


def ended(process, terminal):
    """How it ended, after Ctrl-C."""
    os.write(terminal, b"\x03")
    end = time.time() + 20
    while time.time() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 1024)
            except OSError:
                pass
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
    os.kill(process, signal.SIGKILL)
    sys.exit("vpr goes on after Ctrl-C")


code = ended(*on_terminal(["identify", "--mic-from", recording], b"Press Enter"))
if code != 0:
    sys.exit("Ctrl-C at Press Enter ends with %d" % code)

process, terminal = on_terminal(["speakers", "list", "--db", "locked.db"], b"Passphrase of")
if termios.tcgetattr(terminal)[3] & termios.ECHO:
    sys.exit("a passphrase would be shown")
code = ended(process, terminal)
if code not in (-signal.SIGINT, 1):
    sys.exit("Ctrl-C at the passphrase ends with %d" % code)
if not termios.tcgetattr(terminal)[3] & termios.ECHO:
    sys.exit("the terminal is left without echo")

# A signal that ends vpr at once, or the second Ctrl-C, leaves no bar on the line that the shell goes on in.
with wave.open("long.wav", "wb") as file:
    file.setparams((1, 2, 16000, 0, "NONE", ""))
    file.writeframes(random.Random(1).randbytes(2 * 16000 * 1800))
process, terminal = on_terminal(["embed", "long.wav", "-o", "long.npy"], b"embedding", {"TERM": "xterm"})
os.kill(process, signal.SIGUSR1)
shown = b""
while True:
    try:
        part = os.read(terminal, 1024)
    except OSError:  # the end of a terminal
        break
    if not part:
        break
    shown += part
code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
if code != -signal.SIGUSR1 or not shown.endswith(b"\r\033[K"):
    sys.exit("after a signal, exit %d, the terminal shows %r" % (code, shown))
