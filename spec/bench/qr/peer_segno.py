"""The codes through segno. peer_segno.py WORK TEXT SECONDS; WORK: as in ours.lua; what it prints: see raw.c."""
import io
import sys
import time

import segno

WORK, TEXT, SECONDS = sys.argv[1], sys.argv[2], float(sys.argv[3])
WARM = 0.2


def make():
    code = segno.make(TEXT, error="m", micro=False)
    if WORK == "png":
        code.save(io.BytesIO(), kind="png", scale=8, border=4, compresslevel=1)
    elif WORK == "svg":
        code.save(io.BytesIO(), kind="svg", border=4)
    elif WORK == "text":
        code.terminal(io.StringIO(), border=4, compact=True)


def make_for(seconds):
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        make()
        count += 1
    return count


make_for(WARM)
at, cpu = time.monotonic(), time.process_time()
made = make_for(SECONDS)
print(made, time.monotonic() - at, time.process_time() - cpu)
