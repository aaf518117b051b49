"""Answers parity cases with the peers' own packages.

Usage: oracle.py CASES ANSWERS. Both are JSON lines. An array is base64 of
little-endian doubles, so that every bit arrives. A package that is not installed
makes its suite answer {"skip": ...}; a peer that raises answers {"error": ...}.
"""

import base64
import json
import math
import os
import sys
import warnings

os.environ.setdefault("NML_DISABLE_USAGE_LOGGING", "1")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402

np.seterr(all="ignore")


def array(text):
    return np.frombuffer(base64.b64decode(text), dtype="<f8").copy()


def column(case, side):
    """A column as pandas would hold it."""
    import pandas as pd

    values = array(case[side])
    if case["kind"] == "int":
        return pd.Series(values.astype("int64"), name="x")
    if case["kind"] == "label":
        text = [None if math.isnan(v) else f"c{int(v)}" for v in values]
        return pd.Series(text, name="x", dtype="object")
    return pd.Series(values, name="x")


def pair(case):
    return array(case["reference"]), array(case["current"])


def result(r):
    return {"statistic": float(r.statistic), "p": float(r.pvalue)}


def epps_noise(x, y):
    """Says so where the test inverts a matrix that rounding has made up.

    A statistic is compared to 1e-9, which leaves room for a condition of 1e6.
    """
    from scipy import stats

    if min(len(x), len(y)) < 5:
        return None
    scale = stats.iqr(np.hstack((x, y))) / 2
    waves = [np.vstack([f(t / scale * v) for f in (np.cos, np.sin) for t in (0.4, 0.8)]) for v in (x, y)]
    covariance = sum((len(x) + len(y)) / w.shape[1] * np.cov(w, bias=True) for w in waves)
    if np.linalg.cond(covariance) > 1e6:
        return {"noise": "the covariance is numerically singular"}
    return None


def mmd_noise(x, y):
    """Says so where x² - 2xy + y² cancels, or where equal values make equal ranks."""
    pooled = np.concatenate((x, y))
    spread = np.median((x[:, None] - x[None, :]) ** 2)
    if np.max(pooled**2) * 2.0**-52 > 1e-12 * spread or len(np.unique(pooled)) < 0.9 * len(pooled):
        return {"noise": "rounding decides between equal discrepancies"}
    return None


def evidently_noise(case, x, y):
    """Cases in which Evidently's own number is rounding."""
    if case["method"] == "es":
        if np.subtract(*np.percentile(np.hstack((x, y)), [75, 25])) == 0:
            return None
        return epps_noise(x, y)
    if case["method"] == "empirical_mmd" and min(len(x), len(y)) > 1:
        return mmd_noise(x, y)
    if case["method"] == "cramer_von_mises" and 1 < max(len(x), len(y)) <= 20:
        return {"noise": "counts paths in half precision, or fails to"}
    return None


def scipy_suite(case):
    from scipy import stats
    from scipy.spatial import distance

    x, y = pair(case)
    name = case["method"]
    if name.startswith("ks_"):
        return result(stats.ks_2samp(x, y, method={"auto": "auto", "exact": "exact", "asymptotic": "asymp"}[name[3:]]))
    if name == "cvm":
        return result(stats.cramervonmises_2samp(x, y))
    if name == "anderson":
        try:
            return result(stats.anderson_ksamp([x, y], variant="midrank"))
        except TypeError:  # before SciPy 1.17
            return result(stats.anderson_ksamp([x, y], midrank=True))
    if name == "epps":
        if stats.iqr(np.hstack((x, y))) == 0:
            raise ValueError("interquartile range is 0")
        return epps_noise(x, y) or result(stats.epps_singleton_2samp(x, y))
    if name.startswith("mannwhitney_"):
        return result(stats.mannwhitneyu(x, y, alternative=name.split("_")[1].replace("two", "two-sided")))
    if name == "welch":
        return result(stats.ttest_ind(x, y, equal_var=False))
    if name == "student":
        r = stats.ttest_ind(x, y)
        if math.isnan(r.pvalue) and len(x) != len(y) and min(len(x), len(y)) == 1:
            return {"noise": "a side of one value has no answer in an older SciPy"}
        return result(r)
    if name == "wasserstein":
        return {"statistic": stats.wasserstein_distance(x, y)}
    if name == "energy":
        return {"statistic": stats.energy_distance(x, y)}
    if name == "kstwo":
        return {"p": float(stats.kstwo.sf(x[1], int(x[0])))}
    if name == "chi2":
        return {"p": float(stats.chi2.sf(x[0], x[1]))}
    if name == "student_t":
        return {"p": 2 * float(stats.t.sf(abs(x[0]), x[1]))}
    if name == "binomial":
        return {"p": float(stats.binom.cdf(int(x[0]), int(x[1]), x[2]))}
    if name == "chisquare":
        return result(stats.chisquare(y, x * (y.sum() / x.sum())))
    if name == "g":
        return result(stats.power_divergence(y, x, lambda_="log-likelihood"))
    if name == "contingency":
        r = stats.chi2_contingency(np.array([x, y]))
        return {"statistic": float(r.statistic), "p": float(r.pvalue)}
    if name == "fisher":
        return result(stats.fisher_exact([[int(x[0]), int(x[1])], [int(y[0]), int(y[1])]]))
    if name == "jensenshannon":
        return {"statistic": float(distance.jensenshannon(x, y))}
    if name == "kl":
        return {"statistic": float(stats.entropy(x, y))}
    if name == "mcnemar":
        b, c = int(np.sum((y == 1) & (x == 0))), int(np.sum((x == 1) & (y == 0)))
        return {"statistic": float(b - c), "p": stats.binomtest(b, b + c).pvalue if b + c else 1.0}
    raise KeyError(name)


def statsmodels_suite(case):
    from statsmodels.stats.multitest import multipletests

    method = {"bonferroni": "bonferroni", "holm": "holm", "benjamini_hochberg": "fdr_bh"}[case["method"]]
    return {"list": [float(v) for v in multipletests(array(case["reference"]), method=method)[1]]}


def evidently_suite(case):
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Numerical if case["as"] == "numerical" else ColumnType.Categorical
    reference, current = column(case, "reference"), column(case, "current")
    clean = [s.replace([-np.inf, np.inf], np.nan).dropna() for s in (reference, current)]
    if clean[0].empty or clean[1].empty:
        raise ValueError("An empty column")
    method = None if case["method"] == "auto" else case["method"]
    test = get_stattest(clean[0], clean[1], kind, method)
    noise = evidently_noise(case, clean[0].to_numpy(), clean[1].to_numpy())
    if noise:
        return noise
    np.random.seed(0)
    r = test(clean[0], clean[1], kind, None)
    return {
        "method": test.name,
        "p": float(r.drift_score),
        "threshold": float(r.actual_threshold),
        "drifted": bool(r.drifted),
    }


def preset_suite(case):
    import pandas as pd
    from evidently import Dataset, DataDefinition, Report
    from evidently.presets import DataDriftPreset

    reference, current = pd.DataFrame({"x": column(case, "reference")}), pd.DataFrame({"x": column(case, "current")})
    sets = [Dataset.from_pandas(frame, data_definition=DataDefinition()) for frame in (current, reference)]
    report = Report([DataDriftPreset()]).run(*sets)
    kind = sets[0].column("x").type.value
    for metric in report.dict()["metrics"]:
        if metric["metric_name"].startswith("ValueDrift"):
            drifted = report.dict()["metrics"][0]["value"]["count"] > 0
            return {"kind": kind, "p": float(metric["value"]), "drifted": drifted}
    return {"kind": kind}


READ = {}


def files_suite(case):
    """A column of two files, compared by Evidently's preset; its drift share is the statistic."""
    import pandas as pd
    from evidently import Dataset, DataDefinition, Report
    from evidently.presets import DataDriftPreset

    reference, current = case["files"]
    if reference not in READ:
        frames = [pd.read_csv(path) for path in (current, reference)]
        sets = [Dataset.from_pandas(frame, data_definition=DataDefinition()) for frame in frames]
        READ[reference] = sets[0], Report([DataDriftPreset()]).run(*sets).dict()["metrics"]
    current_set, metrics = READ[reference]
    out = {"kind": current_set.column(case["method"]).type.value, "statistic": float(metrics[0]["value"]["share"])}
    for metric in metrics:
        if metric["metric_name"].startswith("ValueDrift(column=" + case["method"] + ","):
            out["p"] = float(metric["value"])
    return out


def nannyml_suite(case):
    import pandas as pd
    from nannyml.chunk import DefaultChunker
    from nannyml.drift.univariate.calculator import DEFAULT_THRESHOLDS
    from nannyml.drift.univariate.methods import FeatureType, MethodFactory

    kind = FeatureType.CONTINUOUS if case["as"] == "numerical" else FeatureType.CATEGORICAL
    method = MethodFactory.create(
        case["method"], kind, chunker=DefaultChunker(), threshold=DEFAULT_THRESHOLDS[case["method"]]
    )
    reference, current = column(case, "reference"), column(case, "current")
    method.fit(reference)
    value = method.calculate(current)
    out = {"statistic": float(value), "drifted": bool(method.alert(value))}
    if method.upper_threshold_value is not None:
        out["threshold"] = float(method.upper_threshold_value)
    if case["method"] == "chi2":
        out["p"] = float(method._p_value)
    return out


def sklearn_suite(case):
    from sklearn import metrics
    from sklearn.isotonic import IsotonicRegression

    truth, score = pair(case)
    name = case["method"]
    if name == "isotonic":
        fit = IsotonicRegression(out_of_bounds="clip", increasing=True).fit(score, truth)
        return {"list": [float(v) for v in fit.predict(np.linspace(-0.1, 1.1, 241))]}
    predicted = score >= 0.5
    way = {
        "accuracy": lambda: metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(truth, predicted),
        "precision": lambda: metrics.precision_score(truth, predicted),
        "recall": lambda: metrics.recall_score(truth, predicted),
        "f1": lambda: metrics.f1_score(truth, predicted),
        "auc": lambda: metrics.roc_auc_score(truth, score),
        "average_precision": lambda: metrics.average_precision_score(truth, score),
        "log_loss": lambda: metrics.log_loss(truth, score),
        "brier": lambda: metrics.brier_score_loss(truth, score),
        "mae": lambda: metrics.mean_absolute_error(truth, score),
        "rmse": lambda: metrics.root_mean_squared_error(truth, score),
        "r2": lambda: metrics.r2_score(truth, score),
        "quantile_loss": lambda: metrics.mean_pinball_loss(truth, score, alpha=0.9),
    }[name]
    return {"statistic": float(way())}


def cbpe_suite(case):
    from nannyml.performance_estimation.confidence_based import metrics

    _, score = pair(case)
    predicted = (score >= 0.5).astype(int)
    return {"statistic": float(getattr(metrics, "estimate_" + case["method"])(predicted, score))}


def river_suite(case):
    from river import drift

    detector = {"adwin": lambda: drift.ADWIN(delta=0.002), "page_hinkley": drift.PageHinkley}[case["method"]]()
    found = []
    for i, v in enumerate(array(case["reference"])):
        detector.update(float(v))
        if detector.drift_detected:
            found.append(float(i))
    return {"list": found}


SUITES = {
    "scipy": (scipy_suite, ["scipy"]),
    "statsmodels": (statsmodels_suite, ["statsmodels"]),
    "evidently": (evidently_suite, ["evidently"]),
    "preset": (preset_suite, ["evidently"]),
    "files": (files_suite, ["evidently"]),
    "nannyml": (nannyml_suite, ["nannyml"]),
    "sklearn": (sklearn_suite, ["sklearn"]),
    "cbpe": (cbpe_suite, ["nannyml"]),
    "river": (river_suite, ["river"]),
}


def missing(modules):
    import importlib

    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as e:
            return f"{module} is not installed ({e})"
    return None


def number(value):
    """JSON has no NaN and no infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"special": str(value)}
    return value


def main():
    import logging

    logging.disable(logging.CRITICAL)
    skips = {suite: missing(modules) for suite, (_, modules) in SUITES.items()}
    with open(sys.argv[1]) as cases, open(sys.argv[2], "w") as answers:
        for line in cases:
            case = json.loads(line)
            if skips[case["suite"]]:
                answer = {"skip": skips[case["suite"]]}
            else:
                try:
                    answer = SUITES[case["suite"]][0](case)
                except Exception as e:  # the peer refuses the input
                    answer = {"error": f"{type(e).__name__}: {e}"[:300]}
            answers.write(json.dumps({k: number(v) for k, v in answer.items()}) + "\n")


main()
