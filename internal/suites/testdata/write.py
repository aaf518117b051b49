"""Writes the example suites with the packages that are installed.

usage: write.py FOLDER
"""
import dataclasses
import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])


def save(name, document):
    (folder / name).write_text(json.dumps(document, indent=1) + "\n")


def evidently():
    from evidently import BinaryClassification, DataDefinition
    from evidently.cli.report import ReportConfig
    from evidently.legacy.pipeline.column_mapping import ColumnMapping
    from evidently.metrics import (DriftedColumnsCount, DuplicatedRowCount, InListValueCount, InRangeValueCount, MaxValue,
                                   MeanValue, MinValue, MissingValueCount, OutListValueCount, OutRangeValueCount, RowCount, ValueDrift)
    from evidently.presets import DataDriftPreset
    from evidently.tests import eq, gt, gte, lt, lte

    ReportConfig(
        metrics=[
            DataDriftPreset(columns=["price", "demand", "state"], num_method="wasserstein", num_threshold=0.2, cat_method="psi",
                            drift_share=0.4, per_column_method={"demand": "ks"}, per_column_threshold={"demand": 0.01}),
            ValueDrift(column="price", method="psi", threshold=0.3),
            MissingValueCount(column="price", share_tests=[lte(0.05)]), MissingValueCount(column="demand", tests=[eq(0)]),
            RowCount(tests=[gte(100), lt(1000)]), MinValue(column="price", tests=[gte(0)]), MaxValue(column="price", tests=[lt(1)]),
            OutRangeValueCount(column="demand", left=0, right=1, share_tests=[lte(0.01)]),
            InRangeValueCount(column="transfer", left=0, right=0.9, share_tests=[gte(0.98)]),
            InListValueCount(column="state", values=["NSW", "VIC"]),
            OutListValueCount(column="state", values=["NSW", "VIC"], share_tests=[eq(0)]), DuplicatedRowCount(tests=[eq(0)]),
            DriftedColumnsCount(share_tests=[lt(0.3)]), MeanValue(column="price", tests=[gt(0.1)]),
        ],
        metadata={"team": "energy"}, tags=["market"],
    ).save(str(folder / "evidently-report.json"))
    definition = DataDefinition(
        id_column="row", timestamp="day", numerical_columns=["price", "demand"], categorical_columns=["state"], text_columns=["note"],
        classification=[BinaryClassification(target="class", prediction_labels="predicted", prediction_probas="score")])
    save("evidently-data-definition.json", json.loads(definition.json()))
    save("evidently-column-mapping.json", dataclasses.asdict(ColumnMapping(
        target="class", prediction="predicted", datetime="day", id="row", numerical_features=["price"], categorical_features=["state"],
        text_features=["note"], embeddings={"words": ["e0", "e1"]})))


def expectations_1():
    import great_expectations as gx
    import great_expectations.expectations as e

    gx.get_context(mode="ephemeral")
    suite = gx.ExpectationSuite(name="electricity", expectations=[
        e.ExpectColumnToExist(column="price"), e.ExpectColumnValuesToNotBeNull(column="price", mostly=0.95),
        e.ExpectColumnValuesToBeBetween(column="price", min_value=0, max_value=1, strict_max=True, mostly=0.99, severity="warning"),
        e.ExpectColumnValuesToBeInSet(column="state", value_set=["NSW", "VIC"]),
        e.ExpectColumnValuesToBeOfType(column="price", type_="float64"),
        e.ExpectColumnValuesToBeInTypeList(column="state", type_list=["str", "object"]),
        e.ExpectTableRowCountToBeBetween(min_value=100, max_value=1000000),
        e.ExpectTableColumnsToMatchSet(column_set=["price", "state", "demand", "id"], exact_match=True),
        e.ExpectColumnKLDivergenceToBeLessThan(column="state", partition_object={"values": ["NSW", "VIC"], "weights": [0.5, 0.5]}, threshold=0.1),
        e.ExpectColumnMeanToBeBetween(column="price", min_value=0.1, max_value=0.3),
        e.ExpectColumnValuesToMatchRegex(column="state", regex="^[A-Z]+$"), e.ExpectColumnValuesToBeUnique(column="id"),
        e.ExpectCompoundColumnsToBeUnique(column_list=["day", "period"]), e.ExpectColumnMinToBeBetween(column="demand", min_value=0),
    ])
    save("great-expectations-1.json", suite.to_json_dict())


def expectations_0():
    import great_expectations as gx
    import pandas

    frame = pandas.DataFrame({"price": [0.1, 0.2, 0.5], "state": ["NSW", "VIC", "NSW"], "id": [1, 2, 3]})
    validator = gx.get_context().sources.pandas_default.read_dataframe(frame)
    validator.expect_column_values_to_not_be_null("price", mostly=0.95)
    validator.expect_column_values_to_be_between("price", min_value=0, max_value=1)
    validator.expect_column_values_to_be_in_set("state", ["NSW", "VIC"])
    validator.expect_column_values_to_be_of_type("price", "float64")
    validator.expect_table_row_count_to_be_between(1, 1000)
    validator.expect_column_values_to_be_unique("id")
    validator.expect_column_median_to_be_between("price", 0, 1)
    suite = validator.get_expectation_suite(discard_failed_expectations=False)
    suite.expectation_suite_name = "electricity"
    save("great-expectations-0.json", suite.to_json_dict())


try:
    import great_expectations
    old = great_expectations.__version__.startswith("0.")
except ImportError:
    old = False
if old:
    expectations_0()
else:
    evidently()
    expectations_1()
