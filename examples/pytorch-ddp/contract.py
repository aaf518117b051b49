"""What Trainyard and a training agree upon. Take this file into your own training.

`run` ends the process as Trainyard expects, `rendezvous` joins the ranks,
`Progress` reports, and `commit`, `read` and `resume_from` keep checkpoints. The
environment that the launcher provides is read here and nowhere else; without
it, a training of one rank runs and keeps no checkpoints.
"""
import json
import math
import os
import shutil
import signal
import socket
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook

RANK = int(os.environ.get("RANK", 0))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", 1))
ATTEMPT = os.environ.get("TRAINYARD_ATTEMPT", "0")
LOCALHOST = "127.0.0.1"
STATE_FILE = "state.pt"


def log(message):
    print(f"rank {RANK} of {WORLD_SIZE}, attempt {ATTEMPT}: {message}", flush=True)


def run(main):
    """Calls main and ends at once when it fails, without waiting for collectives that still hang."""
    exit_on_sigterm()
    try:
        main()
    except Exception:
        traceback.print_exc()
        log("failed, or lost another rank (see above); exits with 1, to go on from the last checkpoint")
        os._exit(1)


def exit_on_sigterm():
    """Ends the process with 143 at once, even as process 1 and inside a collective.

    A handler written in Python would wait until the collective returns.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def wait():
        signal.sigwait({signal.SIGTERM})
        os._exit(143)

    threading.Thread(target=wait, daemon=True).start()


def rendezvous(start_seconds, silence_seconds):
    """Joins the ranks of this attempt into the default process group.

    The ranks may start up to start_seconds apart. Afterwards, a rank that is
    silent for silence_seconds fails all others: gloo's own limit is half an hour.
    """
    host, port = os.environ.get("MASTER_ADDR", LOCALHOST), int(os.environ.get("MASTER_PORT", 29500))
    patience = timedelta(seconds=start_seconds)
    if RANK == 0:
        host = LOCALHOST  # its own name may not have reached the DNS yet
    else:
        wait_for_rank_zero(host, port, start_seconds)
    server = dist.TCPStore(host, port, WORLD_SIZE, is_master=RANK == 0, timeout=patience, wait_for_workers=False)
    # A rank that is left over from another attempt finds other keys and never mixes in.
    store = dist.PrefixStore(f"attempt-{ATTEMPT}", server)
    store.set(f"rank-{RANK}", "here")
    store.wait([f"rank-{rank}" for rank in range(WORLD_SIZE)], patience)
    dist.init_process_group(
        "gloo", store=store, rank=RANK, world_size=WORLD_SIZE, timeout=timedelta(seconds=silence_seconds))
    log("all ranks are here")


def wait_for_rank_zero(host, port, seconds):
    """Returns when rank 0 listens. Resolves its name anew at each try: the holder may have changed."""
    began = said = time.monotonic()
    while True:
        try:
            return socket.create_connection((host, port), timeout=2).close()
        except OSError as error:
            now = time.monotonic()
            if now - began > seconds:
                raise TimeoutError(f"rank 0 at {host}:{port} did not answer within {seconds:g} s: {error}") from error
            if now - said > 2:
                log(f"waiting for rank 0 at {host}:{port}, {now - began:.0f} s so far: {error}")
                said = now
            time.sleep(0.1)


def checkpoint_directory():
    """Where this attempt commits its checkpoints; None: it keeps none."""
    directory = os.environ.get("TRAINYARD_CHECKPOINT_DIR")
    return Path(directory) if directory else None


def resume_from():
    """The committed checkpoint to go on from; None: start at the beginning."""
    path = os.environ.get("TRAINYARD_RESUME_FROM")
    return Path(path) if path else None


def commit(state, step, directory):
    """Writes a checkpoint that is there whole or not at all, whenever the process or node dies."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"step-{step:08d}"
    if target.exists():
        return
    draft = directory / f".tmp-{target.name}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    torch.save(state, draft / STATE_FILE)
    sync(draft / STATE_FILE)
    sync(draft)
    draft.rename(target)
    sync(directory)


def read(checkpoint):
    """The state that was committed. It is a pickle: read only what your own training wrote."""
    return torch.load(checkpoint / STATE_FILE)


def sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Progress:
    """Reports where this rank is: after its first step, once a second, and when asked to.

    `computeSeconds` is this rank's own work for one step, on average since its
    last report. Waiting for other ranks is not in it, so that a slow rank can be
    told from those that it holds up. `dataSeconds` is what fetching rows took.
    """

    def __init__(self, model, total_steps):
        self.total_steps, self.reported = total_steps, -math.inf
        self.steps = self.compute = self.data = 0
        self.started = self.ready = time.perf_counter()
        model.register_comm_hook(None, self.reduce)

    def reduce(self, group, bucket):
        """A DDP communication hook: the gradients are ready, from here on this rank waits."""
        self.ready = time.perf_counter()
        return allreduce_hook(group, bucket)

    def fetch(self, load):
        """Calls load, which returns the rows of the next step."""
        began = time.perf_counter()
        rows = load()
        self.started = time.perf_counter()
        self.data += self.started - began
        return rows

    def update(self, optimizer):
        """Applies the gradients, which completes a step."""
        reduced = time.perf_counter()
        optimizer.step()
        self.compute += self.ready - self.started + time.perf_counter() - reduced
        self.steps += 1

    def due(self):
        return time.monotonic() - self.reported >= 1

    def report(self, step, epoch, **metrics):
        line = {"step": step, "totalSteps": self.total_steps, "epoch": epoch,
                "metrics": {name: round(value, 5) for name, value in metrics.items()}}
        if self.steps:
            line["computeSeconds"] = round(self.compute / self.steps, 6)
            line["dataSeconds"] = round(self.data / self.steps, 6)
        print(json.dumps({"trainyard": line}), flush=True)
        self.reported = time.monotonic()
        self.steps = self.compute = self.data = 0
