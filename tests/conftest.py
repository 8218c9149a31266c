"""What holds for all tests."""

from __future__ import annotations

import signal

# What a shell starts in the background ignores SIGINT, and hands that on to its children. Tests that send it, to
# themselves or to a command, would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
