"""Times the peers' way to compare one column, for test/bench/drift.

Usage: peers.py REFERENCE CURRENT REPEATS. Both files hold little-endian doubles.
Prints JSON lines, seconds being processor time: {"name", "seconds": [...], "ks", "wasserstein", "psi", "js"}.
"""

import json
import os
import sys
import time
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402


def shares(reference, current, edges):
    return (
        np.histogram(reference, edges)[0] / len(reference),
        np.histogram(current, edges)[0] / len(current),
    )


def divergences(p, q):
    filled = []
    for s in (p, q):
        smallest = s[s > 0].min()
        filled.append(np.where(s == 0, smallest / 1e6 if smallest <= 0.0001 else 0.0001, s))
    psi = float(np.sum((filled[0] - filled[1]) * np.log(filled[0] / filled[1])))
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        js = sum(np.nansum(np.where(s > 0, s * np.log(s / middle), 0)) for s in (p, q)) / 2
    return psi, float(np.sqrt(js))


def as_written(reference, current):
    """One library call a statistic, as in most notebooks."""
    from scipy import stats
    from scipy.spatial.distance import jensenshannon

    ks = stats.ks_2samp(reference, current).statistic
    wasserstein = stats.wasserstein_distance(reference, current) / max(np.std(reference), 0.001)
    edges = np.histogram_bin_edges(np.concatenate((reference, current)), bins="sturges")
    p, q = shares(reference, current, edges)
    return ks, wasserstein, divergences(p, q)[0], jensenshannon(p, q)


def sorted_once(reference, current):
    """NumPy at its best: each side is sorted once and everything read from that."""
    from scipy import stats

    r, c = np.sort(reference), np.sort(current)
    n, m = len(r), len(c)
    pooled = np.concatenate((r, c))
    pooled.sort(kind="mergesort")
    gaps = np.abs(np.searchsorted(r, pooled, "right") / n - np.searchsorted(c, pooled, "right") / m)
    ks = gaps.max()
    stats.kstwo.sf(ks, np.round(n * m / (n + m)))
    wasserstein = np.dot(gaps[:-1], np.diff(pooled)) / max(np.std(r), 0.001)
    low, high = pooled[0], pooled[-1]
    edges = np.linspace(low, high, int(np.ceil(np.log2(n + m) + 1)) + 1)
    counts = [np.diff(np.searchsorted(s, edges)) for s in (r, c)]
    for side, s in zip(counts, (r, c)):
        side[-1] += len(s) - np.searchsorted(s, high, "left")
    return (ks, wasserstein, *divergences(counts[0] / n, counts[1] / m))


def evidently(reference, current):
    import pandas as pd
    from evidently.legacy.calculations import stattests
    from evidently.legacy.core import ColumnType

    r, c = pd.Series(reference), pd.Series(current)
    run = lambda test: test(r, c, ColumnType.Numerical, None).drift_score  # noqa: E731
    run(stattests.ks_stat_test)
    return None, run(stattests.wasserstein_stat_test), run(stattests.psi_stat_test), run(stattests.jensenshannon_stat_test)


def main():
    reference, current = (np.fromfile(path, dtype="<f8") for path in sys.argv[1:3])
    for name, way, repeats in (
        ("sorted_once", sorted_once, int(sys.argv[3])),
        ("as_written", as_written, max(3, int(sys.argv[3]) // 3)),
        ("evidently", evidently, 3),
    ):
        seconds = []
        try:
            for _ in range(repeats):
                begin = time.process_time()
                result = way(reference, current)
                seconds.append(time.process_time() - begin)
        except ImportError as e:
            print(json.dumps({"name": name, "skip": str(e)}), flush=True)
            continue
        values = dict(zip(("ks", "wasserstein", "psi", "js"), (None if v is None else float(v) for v in result)))
        print(json.dumps({"name": name, "seconds": seconds, **values}), flush=True)


main()
