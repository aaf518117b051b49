"""Checks what the README promises: `python3 -m unittest -v` in this folder, a minute or two on two idle cores.

The runs have three epochs. TRAINYARD_TEST_EPOCHS=20 checks the accuracy of the
length that trainingjob.yaml asks for.
"""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import torch

import baselines
import contract
import electricity

HERE = Path(__file__).parent
EPOCHS = int(os.environ.get("TRAINYARD_TEST_EPOCHS", 3))
PATIENCE = 60 * EPOCHS


def free_port():
    """A port below those that a busy host gives to whoever asks for any."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


class Rank(subprocess.Popen):
    """One rank of a training on this machine; its output is read line by line."""

    def __init__(self, rank, world, port, *flags, checkpoints="", resume="", attempt=1, epochs=EPOCHS):
        environment = {
            **os.environ, "RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port), "TRAINYARD_ATTEMPT": str(attempt), "OMP_NUM_THREADS": "1",
            "TRAINYARD_CHECKPOINT_DIR": str(checkpoints), "TRAINYARD_RESUME_FROM": str(resume),
        }
        super().__init__(
            [sys.executable, HERE / "train.py", "--epochs", str(epochs), *flags],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def lines(self):
        """The JSON objects of the output, as they come."""
        return (json.loads(line) for line in self.stdout if line.startswith("{"))

    def wait_for_step(self, step):
        for line in self.lines():
            if line["trainyard"]["step"] >= step:
                return line["trainyard"]
        raise AssertionError(f"the training ended before step {step} with {self.wait()}")


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, world, *flags, **options):
        port = free_port()
        ranks = [Rank(rank, world, port, *flags, **options) for rank in range(world)]
        for rank in ranks:
            self.addCleanup(rank.stdout.close)
            self.addCleanup(rank.wait)
            self.addCleanup(rank.kill)
        return ranks

    def finish(self, world, *flags, **options):
        """Runs a training to its end; returns the result that rank 0 prints."""
        ranks = self.start(world, *flags, **options)
        outputs = [rank.communicate(timeout=PATIENCE)[0] for rank in ranks]
        self.assertEqual([0] * world, [rank.returncode for rank in ranks], "\n".join(outputs))
        return json.loads(outputs[0].splitlines()[-1])["result"]

    def assert_same(self, want, got, where=""):
        self.assertIs(type(want), type(got), where)
        if isinstance(want, torch.Tensor):
            self.assertTrue(torch.equal(want, got), f"{where} differs")
        elif isinstance(want, dict):
            self.assertEqual(want.keys(), got.keys(), where)
            for key in want:
                self.assert_same(want[key], got[key], f"{where}.{key}")
        else:
            self.assertEqual(want, got, where)


def commits(folder):
    return sorted(path for path in folder.iterdir() if path.name.startswith("step-"))


class TaskTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.train, cls.held_out = electricity.load()

    def test_the_split_is_in_time(self):
        table = np.loadtxt(electricity.DATA, delimiter=",", skiprows=1)
        self.assertEqual((45312, 7), table.shape)
        self.assertEqual((36249, 9063), (len(self.train.labels), len(self.held_out.labels)))
        columns = np.concatenate([self.train.columns, self.held_out.columns])
        np.testing.assert_array_equal(table[:, :6], columns)

    def test_an_input_is_made_of_one_row_alone(self):
        columns = self.train.columns[20000:20100]
        together = electricity.features(columns)
        for index in range(len(columns)):
            np.testing.assert_array_equal(together[index], electricity.features(columns[index:index + 1])[0])

    def test_labels_and_held_out_rows_change_no_input(self):
        (inputs, _), _ = electricity.prepare(self.train, self.held_out)
        others = electricity.Rows(self.train.columns, 1 - self.train.labels)
        (again, _), _ = electricity.prepare(others, electricity.Rows(self.held_out.columns * 5, self.held_out.labels))
        self.assertTrue(torch.equal(inputs, again))

    def test_baselines(self):
        found = baselines.baselines(self.train, self.held_out)
        self.assertAlmostEqual(0.5488, found["majorityClass"], places=4)
        self.assertAlmostEqual(0.8484, found["sameAsLastLabel"], places=4)
        self.assertGreater(found["logisticRegression"], found["majorityClass"] + 0.1)


class CommitTest(Case):
    STATE = {"weights": torch.arange(100_000)}

    def in_child(self, work):
        """Runs work in a forked process, which ends with 0 when work returns."""
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(0)
        return child

    def assert_whole(self):
        for checkpoint in commits(self.folder):
            self.assert_same(self.STATE, contract.read(checkpoint))

    def test_dying_before_each_operation_in_turn(self):
        cases = (  # operation, how many calls of it succeed, committed
            ("torch.save", 0, []), ("os.fsync", 0, []), ("os.fsync", 1, []), ("os.rename", 0, []),
            ("os.fsync", 2, ["step-00000007"]),
        )
        for name, succeed, committed in cases:
            with self.subTest(operation=name, succeed=succeed):
                self.folder = self.folder / "next"
                self.die_in_commit(name, succeed)
                self.assertEqual(committed, [path.name for path in commits(self.folder)])
                contract.commit(self.STATE, 7, self.folder)
                self.assertEqual(["step-00000007"], [path.name for path in self.folder.iterdir()])
                self.assert_whole()

    def die_in_commit(self, name, succeed):
        module, operation = name.split(".")
        calls = iter([getattr(sys.modules[module], operation)] * succeed)

        def die_or_call(*arguments):
            next(calls, lambda *_: os._exit(9))(*arguments)

        with mock.patch(name, die_or_call):
            child = self.in_child(lambda: contract.commit(self.STATE, 7, self.folder))
        self.assertEqual(9, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "the child was meant to die")

    def test_kill_at_random_moments(self):
        def write_for_ever():
            for step in range(10 ** 8):
                contract.commit(self.STATE, step, self.folder)

        moments = random.Random(1)
        for _ in range(20):
            before = len(commits(self.folder))
            child = self.in_child(write_for_ever)
            while len(commits(self.folder)) == before:
                time.sleep(0.001)
            time.sleep(moments.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self.assert_whole()

    def test_a_commit_is_never_written_again(self):
        contract.commit(self.STATE, 1, self.folder)
        contract.commit({"weights": None}, 1, self.folder)
        self.assert_whole()


class TrainingTest(Case):
    """Each run has two ranks unless it says otherwise."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.undisturbed = Path(folder.name)
        cls.result = cls("finish").finish(2, checkpoints=cls.undisturbed)

    def final_state(self, folder):
        return contract.read(commits(folder)[-1])

    def test_accuracy(self):
        self.assertGreater(self.result["accuracy"], self.result["majorityClass"] + 0.1)

    def test_one_process_gives_the_same(self):
        alone = self.finish(1, checkpoints=self.folder)
        self.assertAlmostEqual(self.result["accuracy"], alone["accuracy"], delta=0.005)
        self.assert_close(commits(self.undisturbed)[0], commits(self.folder)[0])

    def test_one_process_gives_the_same_for_slices_that_differ(self):
        for world in (1, 2):  # the second batch is a single row: the second rank has none
            self.finish(world, "--global-batch", "36248", checkpoints=self.folder / str(world), epochs=1)
        self.assert_close(*(commits(self.folder / world)[0] for world in ("1", "2")))

    def assert_close(self, *checkpoints):
        first, second = (contract.read(checkpoint)["model"] for checkpoint in checkpoints)
        for name, weights in first.items():
            torch.testing.assert_close(weights, second[name], rtol=0, atol=1e-5)

    def test_resumed_at_any_epoch_it_equals_the_undisturbed_run(self):
        self.assertEqual(EPOCHS, len(commits(self.undisturbed)))
        for epoch, checkpoint in enumerate(commits(self.undisturbed)[:3], start=1):
            with self.subTest(epoch=epoch):
                folder = self.folder / str(epoch)
                folder.mkdir()
                result = self.finish(2, checkpoints=folder, resume=checkpoint)
                self.assertEqual(self.result, result)
                self.assertEqual(EPOCHS - epoch, len(commits(folder)))
                if epoch < EPOCHS:
                    self.assert_same(self.final_state(self.undisturbed), self.final_state(folder))

    def test_four_ranks_resume_exactly_too(self):
        """The order in which they are summed must not depend on where a run began."""
        flags, options = ("--global-batch", "4096", "--hidden", "32"), {"epochs": 2}
        self.finish(4, *flags, checkpoints=self.folder / "1", **options)
        self.finish(4, *flags, checkpoints=self.folder / "2", resume=commits(self.folder / "1")[0], **options)
        self.assert_same(self.final_state(self.folder / "1"), self.final_state(self.folder / "2"))

    def test_a_rank_dies_and_the_training_goes_on(self):
        ranks = self.start(2, checkpoints=self.folder / "1")
        ranks[0].wait_for_step(2 * 142 + 1)
        ranks[1].kill()
        self.assertEqual(1, ranks[0].wait(timeout=20), "the survivor notices, long before it would for silence")
        last = commits(self.folder / "1")[-1]
        self.assertEqual(self.result, self.finish(2, checkpoints=self.folder / "2", resume=last, attempt=2))
        self.assert_same(self.final_state(self.undisturbed), self.final_state(self.folder / "2"))

    def test_a_silent_rank_does_not_hang_the_others(self):
        ranks = self.start(2, "--silence-seconds", "5")
        ranks[0].wait_for_step(1)
        ranks[1].send_signal(signal.SIGSTOP)
        self.assertEqual(1, ranks[0].wait(timeout=25))

    def test_sigterm_ends_a_rank_inside_a_collective(self):
        ranks = self.start(2)
        ranks[0].wait_for_step(1)
        ranks[1].send_signal(signal.SIGSTOP)
        time.sleep(0.5)  # until rank 0 waits for it
        ranks[0].terminate()
        self.assertEqual(143, ranks[0].wait(timeout=5))

    def test_a_rank_of_another_attempt_does_not_mix_in(self):
        port = free_port()
        first = Rank(0, 2, port, attempt=2, epochs=1)
        self.addCleanup(first.kill)
        contract.wait_for_rank_zero("127.0.0.1", port, PATIENCE)
        stale = Rank(1, 2, port, "--start-seconds", "2", attempt=1, epochs=1)
        output, _ = stale.communicate(timeout=PATIENCE)
        self.assertEqual(1, stale.returncode)
        self.assertIn("store.wait", output, "it reached rank 0 and found none of its own there")
        second = Rank(1, 2, port, attempt=2, epochs=1)
        outputs = [rank.communicate(timeout=PATIENCE)[0] for rank in (first, second)]
        self.assertEqual([0, 0], [first.returncode, second.returncode], "\n".join(outputs))

    def test_other_settings_are_refused(self):
        rank, = self.start(1, "--hidden", "8", resume=commits(self.undisturbed)[0])
        output, _ = rank.communicate(timeout=PATIENCE)
        self.assertEqual(1, rank.returncode)
        self.assertIn("--hidden is 8, but the checkpoint was written with 128", output)

    def test_evaluate_gives_the_accuracy_of_the_run(self):
        rank, = self.start(1, "--evaluate", commits(self.undisturbed)[-1])
        output, _ = rank.communicate(timeout=PATIENCE)
        self.assertEqual(self.result, json.loads(output.splitlines()[-1])["result"])

    def test_progress(self):
        rank, = self.start(1, epochs=2)
        lines = [line["trainyard"] for line in rank.lines() if "trainyard" in line]
        self.assertEqual(1, lines[0]["step"])
        self.assertEqual((284, 284, 2), tuple(lines[-1][key] for key in ("step", "totalSteps", "epoch")))
        self.assertEqual({"loss", "accuracy"}, lines[-1]["metrics"].keys())
        self.assertGreater(lines[0]["computeSeconds"], 0)

    def test_waiting_for_a_slow_rank_is_not_compute_time(self):
        ranks = self.start(2, epochs=2)
        before = ranks[0].wait_for_step(1)
        ranks[1].send_signal(signal.SIGSTOP)
        time.sleep(3)
        ranks[1].send_signal(signal.SIGCONT)
        after = next(ranks[0].lines())["trainyard"]
        self.assertLess(after["computeSeconds"] * (after["step"] - before["step"]), 1.5)


if __name__ == "__main__":
    unittest.main()
