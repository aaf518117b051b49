"""Trains a classifier with DistributedDataParallel over gloo, and survives the loss of a rank."""
import argparse
import json
import math
from pathlib import Path

import torch
import torch.distributed as dist
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.parallel import DistributedDataParallel

import contract
import electricity
from baselines import baselines
from contract import RANK, WORLD_SIZE


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--epochs", type=int, default=20)
    add("--global-batch", type=int, default=256, help="rows a step, over all ranks together")
    add("--hidden", type=int, default=128, help="width of the two hidden layers")
    add("--learning-rate", type=float, default=1e-3, help="its peak")
    add("--weight-decay", type=float, default=1.0, help="strong, because the stream drifts")
    add("--seed", type=int, default=1)
    add("--start-seconds", type=float, default=300, help="how far apart the ranks may start")
    add("--silence-seconds", type=float, default=30, help="how long a rank may be silent before all give up")
    add("--evaluate", type=Path, metavar="CHECKPOINT", help="score a committed checkpoint and stop")
    return parser.parse_args()


def network(inputs, hidden):
    layers = torch.nn
    return layers.Sequential(
        layers.Linear(inputs, hidden), layers.ReLU(),
        layers.Linear(hidden, hidden), layers.ReLU(),
        layers.Linear(hidden, 1), layers.Flatten(0),
    )


class Training:
    """Model, optimizer, order of the rows and position: all that a checkpoint holds."""

    SETTINGS = ("epochs", "global_batch", "hidden", "learning_rate", "weight_decay", "seed")

    def __init__(self, args, inputs):
        torch.manual_seed(args.seed)
        self.settings = {name: getattr(args, name) for name in self.SETTINGS}
        self.model = network(inputs, args.hidden)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), weight_decay=args.weight_decay)
        # The only thing that is random after the start.
        self.shuffler = torch.Generator().manual_seed(args.seed)
        self.epoch = self.step = 0

    def state(self):
        return {
            "settings": self.settings, "epoch": self.epoch, "step": self.step,
            "model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(),
            "shuffler": self.shuffler.get_state(),
        }

    def restore(self, state):
        for name, value in self.settings.items():
            if value != state["settings"][name]:
                raise ValueError(f"--{name.replace('_', '-')} is {value}, but the checkpoint was written with "
                                 f"{state['settings'][name]}: give the same, or start without the checkpoint")
        self.epoch, self.step = state["epoch"], state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.shuffler.set_state(state["shuffler"])


def resume(training):
    """Restores the checkpoint to go on from. Only rank 0 needs to see the storage."""
    checkpoint = contract.resume_from()
    if checkpoint is None:
        return
    shared = [contract.read(checkpoint) if RANK == 0 else None]
    dist.broadcast_object_list(shared)
    training.restore(shared[0])
    contract.log(f"goes on after epoch {training.epoch}, step {training.step}, from {checkpoint}")


def learning_rate(peak, step, total):
    """A short linear start, then half a cosine down to zero."""
    warmup = max(1, total // 20)
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))) / 2


def slice_of(rows, batch):
    """This rank's part of a global batch; slices differ by at most one row."""
    mine = batch[RANK::WORLD_SIZE]
    return rows[0][mine], rows[1][mine]


def train_step(training, model, inputs, labels, batch_size):
    """Forward and backward. Returns the sum of the loss over this rank's rows."""
    training.optimizer.zero_grad()
    loss = binary_cross_entropy_with_logits(model(inputs), labels, reduction="sum")
    # DDP takes the mean over ranks; the mean over rows is wanted, whatever the slices.
    (loss * WORLD_SIZE / batch_size).backward()
    return loss.detach()


def train_epoch(training, model, rows, progress):
    """One pass in an order that is the same for every number of ranks. Returns the mean loss."""
    settings, count = training.settings, len(rows[1])
    order = torch.randperm(count, generator=training.shuffler)
    total = torch.zeros(1)
    for batch in order.split(settings["global_batch"]):
        inputs, labels = progress.fetch(lambda: slice_of(rows, batch))
        for group in training.optimizer.param_groups:
            group["lr"] = learning_rate(settings["learning_rate"], training.step, progress.total_steps)
        loss = train_step(training, model, inputs, labels, len(batch))
        progress.update(training.optimizer)
        training.step += 1
        total += loss
        if progress.due():
            progress.report(training.step, training.epoch, loss=loss.item() / max(1, len(labels)))
    dist.all_reduce(total)
    training.epoch += 1
    return total.item() / count


def settle(model, inputs):
    """Backward passes that change nothing but DDP's arrangement of the gradients.

    DDP arranges them anew after its first pass, and with it the order in which
    four or more ranks are summed: without this, a resumed run would round its
    first step differently from one that was not interrupted.
    """
    for _ in range(2):
        model(inputs[:1]).sum().backward()


def accuracy(model, rows):
    """The share of labels that the model predicts; each rank scores its part."""
    inputs, labels = (part[RANK::WORLD_SIZE] for part in rows)
    with torch.no_grad():
        right = ((model(inputs) > 0) == (labels > 0.5)).sum()
    if dist.is_initialized():
        dist.all_reduce(right)
    return right.item() / len(rows[1])


def train(args, rows, held_out):
    """Trains to the last epoch and returns the accuracy on the held-out rows."""
    training = Training(args, rows[0].shape[1])
    resume(training)
    model = DistributedDataParallel(training.model)
    progress = contract.Progress(model, args.epochs * math.ceil(len(rows[1]) / args.global_batch))
    settle(model, rows[0])
    directory = contract.checkpoint_directory()
    while training.epoch < args.epochs:
        loss = train_epoch(training, model, rows, progress)
        if RANK == 0 and directory:
            contract.commit(training.state(), training.step, directory)
        score = accuracy(training.model, held_out)
        progress.report(training.step, training.epoch, loss=loss, accuracy=score)
    return accuracy(training.model, held_out)


def evaluate(checkpoint, held_out):
    """The accuracy of a committed checkpoint on the held-out rows, in this process alone."""
    state = contract.read(checkpoint)
    model = network(held_out[0].shape[1], state["settings"]["hidden"])
    model.load_state_dict(state["model"])
    return accuracy(model, held_out)


def print_result(score, others):
    ahead = 100 * (score - others["majorityClass"])
    print(f"accuracy on the last 20 % of the stream: {score:.2%}, {ahead:.1f} points above the majority class\n"
          "beside it: " + ", ".join(f"{name} {value:.2%}" for name, value in others.items()))
    print(json.dumps({"result": {"accuracy": score, **others}}), flush=True)


def main():
    args = arguments()
    torch.set_num_threads(1)  # the model is small: more threads would wait for each other
    parts = electricity.load()
    rows, held_out = electricity.prepare(*parts)
    if args.evaluate:
        return print_result(evaluate(args.evaluate, held_out), baselines(*parts))
    contract.rendezvous(args.start_seconds, args.silence_seconds)
    score = train(args, rows, held_out)
    if RANK == 0:
        print_result(score, baselines(*parts))
    dist.destroy_process_group()


if __name__ == "__main__":
    contract.run(main)
