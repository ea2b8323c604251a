"""A process that answers each line with one line, within a time and a size; everything here needs POSIX.

The process leads a group of its own, and the whole group is killed at the end, with what the process started. Nothing
that it does can block the caller or fill its memory: pipes are read and written without blocking, of an answer at most
``MOST_BYTES`` are kept, and of standard error only the end.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
import weakref
from collections.abc import Sequence

from nasbench.errors import InvalidOption, NasbenchError

MOST_BYTES = 1 << 20
"""Longest answer, in bytes."""
_TAIL_BYTES = 4096  # of standard error, for error messages
_CHUNK = 1 << 16
_FAREWELL_S = 2.0  # for a process to end by itself once its input is closed
_TERM_S = 1.0  # for a process to end after SIGTERM, before SIGKILL
_EXIT_S = 1.0  # for a process that closed its output to end, so that its status can be reported
_POLL_S = 0.005
_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",  # print() without flush would keep an answer back for ever
    "PYTHONHASHSEED": "0",  # the order of sets, which differs between processes otherwise
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")},
}


class ProcessFailed(NasbenchError, RuntimeError):
    """A process that ended, did not answer in time, or answered with other than one line."""


class AnswerOverdue(ProcessFailed):
    """A process that did not answer in time."""


class LineProcess:
    """A running process that answers each line with one line.

    Args:
        argv: program and arguments; no shell interprets them.
        timeout_s: seconds within which each answer must arrive.

    Raises:
        ProcessFailed: the program cannot be started.
        InvalidOption: this system is not POSIX.
    """

    def __init__(self, argv: Sequence[str], timeout_s: float) -> None:
        if os.name != "posix":
            raise InvalidOption("processes as contestants need Linux or macOS")
        self._timeout_s = timeout_s
        self._received, self._tail = bytearray(), b""
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env=os.environ | _ENVIRONMENT,
            )
        except OSError as error:
            raise ProcessFailed(f"cannot be started: {error.strerror or error}") from error
        # for a process that nobody ends, also when the interpreter exits
        self._abandon = weakref.finalize(self, _kill_group, self._process)
        self._open = selectors.DefaultSelector()
        self._stdin, self._stdout, self._stderr = (
            pipe.fileno() for pipe in (self._process.stdin, self._process.stdout, self._process.stderr) if pipe
        )
        for pipe in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(pipe, False)
        for pipe in (self._stdout, self._stderr):
            self._open.register(pipe, selectors.EVENT_READ)

    def exchange(self, line: bytes) -> bytes:
        """Send a line and return the answer, both without the line break.

        Raises:
            ProcessFailed: no answer in time, an answer that is too long or is more than one line, or the process has
                ended.
        """
        deadline = time.monotonic() + self._timeout_s
        self._read_pipes(0.0)
        if self._received:
            raise ProcessFailed(f"wrote {_show(self._received)} without being asked; {_ONE_LINE}")
        unsent = memoryview(line + b"\n")
        while unsent or b"\n" not in self._received:
            if self._stdout not in self._open.get_map():
                raise ProcessFailed(self._describe_end())
            unsent = self._send(unsent)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise AnswerOverdue(self._describe_silence(len(unsent)))
            self._read_pipes(remaining, also_writable=bool(unsent))
            if b"\n" not in self._received and len(self._received) > MOST_BYTES:
                raise ProcessFailed(
                    f"wrote {len(self._received):,} bytes without a line break; expected an answer of at most "
                    f"{MOST_BYTES:,} bytes in one line"
                )
        answer, _, rest = bytes(self._received).partition(b"\n")
        if rest:
            raise ProcessFailed(f"wrote {_show(self._received)}; {_ONE_LINE}")
        self._received.clear()
        return answer

    @property
    def last_errors(self) -> list[str]:
        """The last lines that the process wrote on standard error."""
        text = self._tail.decode("utf-8", "replace")
        return ["".join(c if c.isprintable() else " " for c in line) for line in text.splitlines() if line.strip()]

    def end(self, farewell: bytes = b"") -> None:
        """End the process and all processes of its group; nothing happens if that was done before.

        Args:
            farewell: a last line. If there is one, the process gets two seconds to end by itself.
        """
        if not self._abandon.alive:
            return
        if farewell:
            self._send(memoryview(farewell + b"\n"))
        self._close_input()
        if not (farewell and self._wait(_FAREWELL_S)):
            _signal_group(self._process, signal.SIGTERM)
            self._wait(_TERM_S)
        self._read_pipes(0.0)
        self._abandon()  # also for what the process started and left behind
        self._open.close()

    def _send(self, unsent: memoryview) -> memoryview:
        """Write as much as the pipe takes, and return the rest; what a closed pipe does not take is dropped."""
        try:
            return unsent[os.write(self._stdin, unsent[:_CHUNK]) :] if unsent else unsent
        except BlockingIOError:
            return unsent
        except BrokenPipeError:  # the answer, or the end, will tell
            return unsent[:0]

    def _read_pipes(self, timeout_s: float, *, also_writable: bool = False) -> None:
        """Wait until there is something to read, or to write if so wished, and read it; forget pipes that closed."""
        if also_writable:
            self._open.register(self._stdin, selectors.EVENT_WRITE)
        ready = [key.fd for key, _ in self._open.select(timeout_s)]
        if also_writable:
            self._open.unregister(self._stdin)
        for pipe in ready:
            if pipe == self._stdin:
                continue
            chunk = os.read(pipe, _CHUNK)
            if not chunk:
                self._open.unregister(pipe)
            elif pipe == self._stderr:
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
            elif len(self._received) <= MOST_BYTES:
                self._received += chunk

    def _wait(self, seconds: float) -> bool:
        """Wait for the process to end, and read its pipes meanwhile; return whether it has ended."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            self._read_pipes(_POLL_S)
        return self._process.poll() is not None

    def _close_input(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()

    def _describe_silence(self, n_unsent: int) -> str:
        """Say what happened instead of an answer in time."""
        unread = f"; {n_unsent:,} bytes could not be sent, since it does not read its input" if n_unsent else ""
        begun = f"; it wrote {_show(self._received)} without a line break" if self._received else ""
        return f"did not answer within {self._timeout_s:g} s{unread}{begun}"

    def _describe_end(self) -> str:
        """Say how a process ended that has closed its output."""
        if not self._wait(_EXIT_S):
            return "closed its output, but goes on running"
        code = self._process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        begun = f" after an incomplete line {_show(self._received)}" if self._received else ""
        return how + begun


_ONE_LINE = "expected one line as the answer to each line (print messages for people on standard error)"


def _show(content: bytes | bytearray) -> str:
    """Return the beginning of what a process wrote, for error messages."""
    text = bytes(content[:200]).decode("utf-8", "replace")
    return repr(text if len(text) <= 60 else text[:60] + "...")


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # No new process gets the group's number while one of its processes lives, or its first one keeps its status.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with its group, close its pipes, and take its status, so that it remains no zombie."""
    _signal_group(process, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
    with contextlib.suppress(subprocess.TimeoutExpired):  # of another user, so that it cannot be killed
        process.wait(_EXIT_S)
