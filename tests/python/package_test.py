"""The Python package. Usage: package_test.py SAMPLES VPR: the sample recordings' folder and the program, whose answers are
expected. Ends with 77 where NumPy or the package is not there."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings

try:
    import numpy as np
    import vpr
except ImportError as missing:
    print("SKIPPED:", missing)
    sys.exit(77)

SAMPLES, PROGRAM = pathlib.Path(sys.argv[1]), sys.argv[2]
SLT = [str(SAMPLES / f"flite-slt-{i}.flac") for i in range(1, 5)]
RMS = [str(SAMPLES / f"flite-rms-{i}.flac") for i in range(1, 5)]


def said(*arguments):
    """What the program prints as JSON."""
    return json.loads(subprocess.run([PROGRAM, "--quiet", *arguments, "--json"], capture_output=True, check=True).stdout)


def whole(answer):
    """What an outcome or the program says, but for the path of the model, which may be spelled in two ways."""
    return {key: value for key, value in (answer if isinstance(answer, dict) else answer.to_dict()).items() if key != "model"}


class Alone(unittest.TestCase):
    """Without a store."""

    @classmethod
    def setUpClass(cls):
        cls.recognizer = vpr.Recognizer()

    def test_compare_is_what_the_program_says(self):
        for b in (SLT[1], RMS[0]):
            answer = self.recognizer.compare(SLT[0], pathlib.Path(b))
            expected = said("compare", SLT[0], b)
            self.assertAlmostEqual(answer.score, expected["score"], delta=1e-6)
            self.assertEqual(whole(answer), whole(expected))
            self.assertEqual(bool(answer), expected["decision"] == "same speaker")
        self.assertEqual(self.recognizer.compare(SLT[0], SLT[1], threshold=1e9).same, False)

    def test_embeddings_are_arrays(self):
        one = self.recognizer.embed(SLT[0])
        self.assertEqual((one.dtype, one.shape), (np.float32, (self.recognizer.embedding_size,)))
        self.assertAlmostEqual(float(np.linalg.norm(one)), 1, delta=1e-5)
        told = []
        many = self.recognizer.embed_files(SLT[:3], progress=lambda *news: told.append(news))
        np.testing.assert_allclose(many[0], one, atol=1e-6)
        self.assertEqual(many.shape, (3, len(one)))
        self.assertTrue(told and all(total == 3 for _, _, total in told), told)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            some = self.recognizer.embed_files([SLT[0], "missing.wav"])
        self.assertTrue(np.isnan(some[1]).all() and not np.isnan(some[0]).any())
        self.assertIn("missing.wav", str(caught[0].message))

    def test_samples_of_any_rate_and_type(self):
        t = np.arange(0, 48000 * 3) / 48000
        voice = sum(np.sin(2 * np.pi * 120 * h * t) / h for h in range(1, 20)) * (1 + np.sin(9 * t)) * 0.1
        same = [self.recognizer.embed(voice.astype(kind), sample_rate=48000) for kind in (np.float32, np.float64)]
        np.testing.assert_allclose(same[0], same[1], atol=1e-4)
        for wrong in (np.zeros((2, 16000)), np.array(["no sound"])):
            with self.assertRaises((ValueError, TypeError)):
                self.recognizer.embed(wrong)

    def test_errors_have_codes(self):
        with self.assertRaises(vpr.Error) as caught:
            self.recognizer.compare("missing.wav", SLT[0])
        self.assertEqual(caught.exception.code, "unusable")
        self.assertIn("missing.wav", str(caught.exception))
        with self.assertRaises(vpr.Error) as caught:
            vpr.Recognizer("/nowhere/model.vpr")
        self.assertEqual(caught.exception.code, "not_found")
        with self.assertRaises(vpr.Error) as caught:
            self.recognizer.identify(SLT[0])
        self.assertEqual(caught.exception.code, "invalid_argument")

    def test_what_a_callback_raises_ends_the_call(self):
        def callback(what, done, total):
            raise KeyError(what)

        with self.assertRaises(KeyError):
            self.recognizer.embed_files(SLT * 20, progress=callback)

    def test_ctrl_c_ends_a_call(self):
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            self.recognizer.embed_files([f"{path}" for path in SLT] * 5000)
        self.assertLess(time.monotonic() - start, 60)

    def test_evaluations(self):
        with tempfile.TemporaryDirectory() as folder:
            trials = pathlib.Path(folder) / "trials"
            names = [pathlib.Path(path).name for path in SLT[:3] + RMS[:3]]
            trials.write_text("".join(f"{int(a[:9] == b[:9])} {a} {b}\n" for i, a in enumerate(names) for b in names[:i]))
            (report,) = self.recognizer.evaluate([str(trials)], audio_root=str(SAMPLES), intervals=False)
            expected = said("eval", "--trials", str(trials), "--audio-root", str(SAMPLES), "--no-intervals")
            self.assertEqual(report.to_dict(), expected)
            self.assertEqual((report.trials, report.targets), (15, 6))
            (one,) = self.recognizer.evaluate(str(trials), audio_root=str(SAMPLES), intervals=False)
            self.assertEqual(one.to_dict(), expected)
            scores = pathlib.Path(folder) / "scores"
            scores.write_text("target 2\nnontarget 1\ntarget 0\nnontarget 0\n")
            self.assertEqual(vpr.evaluate_scores(str(scores), intervals=False).trials, 4)


class WithStore(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = str(pathlib.Path(folder.name) / "voices.db")
        self.recognizer = vpr.Recognizer(store=self.store, create=True)

    def test_enroll_verify_identify(self):
        enrolled = self.recognizer.enroll("slt", SLT[:2] + [RMS[0]], note="a note", consent="form 17", forget_after="90d")
        self.assertTrue(enrolled)
        self.assertEqual((len(enrolled.enrolled), enrolled.utterances), (2, 2))
        self.assertEqual([one.file for one in enrolled.left_out], [RMS[0]])
        self.assertIn("somebody else", enrolled.left_out[0].reason)
        self.assertTrue(enrolled.warnings)
        self.recognizer.enroll("rms", RMS[:2])
        answer = self.recognizer.identify(SLT[3])
        expected = said("identify", SLT[3], "--db", self.store)
        self.assertEqual(whole(answer), whole(expected))
        self.assertEqual((answer.name, [one.name for one in answer.candidates]), ("slt", ["slt", "rms"]))
        self.assertIsNone(self.recognizer.identify(str(SAMPLES / "flite-kal16-1.flac")).name)
        verified = self.recognizer.verify("slt", SLT[3])
        self.assertTrue(verified.accepted)
        self.assertEqual(whole(verified), whole(said("verify", "slt", SLT[3], "--db", self.store)))
        self.assertFalse(self.recognizer.verify("rms", SLT[3]))
        with self.assertRaises(vpr.Error) as caught:
            self.recognizer.verify("slr", SLT[3])
        self.assertIn("did you mean 'slt'", str(caught.exception))

    def test_threads_identify_while_one_enrolls(self):
        self.recognizer.enroll("slt", SLT[:2])
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.recognizer.identify(SLT[3]).name)) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.recognizer.enroll("rms", RMS[:2])
        self.recognizer.refresh()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, ["slt"] * 4)

    def test_refresh_sees_other_programs(self):
        self.recognizer.enroll("slt", SLT[:2])
        self.recognizer.refresh()
        self.assertFalse(self.recognizer.refresh())
        vpr.Recognizer(store=self.store).enroll("rms", RMS[:2])
        self.assertTrue(self.recognizer.refresh())
        self.assertEqual(self.recognizer.identify(RMS[3]).name, "rms")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
