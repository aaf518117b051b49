"""The electricity stream as a learning task: rows, the split in time, features.

The label says whether the price rises above its average of the last day, so it
can be computed from past prices. A model that is meant to learn anything may
therefore look at the six columns of one row and at nothing else: no earlier
row, no lag, no rolling mean.
"""
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

DATA = Path(__file__).parent / "data" / "electricity.csv.gz"
COLUMNS = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer")
TRAIN_SHARE = 0.8
# `period` runs from 0 to 1 over the 48 half-hours of a day: the last one is 1.0,
# not 47/48, so that without this factor it would fall on the first.
DAY = 2 * math.pi * 47 / 48
# Prices are heavy-tailed and Victoria's are often zero: log(price + floor).
PRICE_FLOOR = {"nswprice": 0.01, "vicprice": 0.001}
# In standard deviations of the training part; later prices leave that range.
CLIP = 3.0


class Rows(NamedTuple):
    """Consecutive half-hours: columns of shape (n, 6) and labels of shape (n,)."""

    columns: np.ndarray
    labels: np.ndarray


def load(path=DATA):
    """Reads the stream and splits it in time: (first 80 %, last 20 %)."""
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    cut = int(len(table) * TRAIN_SHARE)
    width = len(COLUMNS)
    return tuple(Rows(part[:, :width], part[:, width]) for part in (table[:cut], table[cut:]))


def features(columns):
    """The inputs of the network, each a function of one row alone: shape (n, 9)."""
    value = dict(zip(COLUMNS, columns.T))
    angle = value["period"] * DAY
    cycle = [f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)]
    prices = [np.log(value[name] + floor) for name, floor in PRICE_FLOOR.items()]
    return np.column_stack(cycle + prices + [value[name] for name in ("nswdemand", "vicdemand", "transfer")])


class Scale(NamedTuple):
    """Mean and deviation of the training part, which later rows are measured by."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, values):
        return cls(values.mean(axis=0), values.std(axis=0) + 1e-9)

    def __call__(self, values):
        scaled = (values - self.mean) / self.deviation
        return torch.from_numpy(scaled.clip(-CLIP, CLIP)).float()


def prepare(train, held_out):
    """Tensors for both parts, as ((inputs, labels), (inputs, labels))."""
    scale = Scale.of(features(train.columns))
    return tuple(
        (scale(features(rows.columns)), torch.from_numpy(rows.labels).float()) for rows in (train, held_out)
    )
