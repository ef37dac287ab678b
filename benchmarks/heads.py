#!/usr/bin/env python3
"""Accuracy of ./fleet optimize distil head beside scikit-learn's LogisticRegression on vectors of the same model.

    benchmarks/heads.py --model FOLDER --train FILE --held-out FILE [-C NUMBER] [--fleet COMMAND]

FOLDER is an embedding model that takes the mean of its tokens and scales it to length 1, FILE a TSV of text and label.
The vectors for scikit-learn are made here, by tokenizer and ONNX Runtime, a text alone. Texts of labels that are not
trained on are left out on both sides. Needs scikit-learn, onnxruntime and tokenizers. Exit code 1 if the head is right
about more than 0.5 points fewer texts.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy
import onnxruntime
import tokenizers
from sklearn.linear_model import LogisticRegression

MOST_POINTS = 0.5


def texts(file):
    rows = [line.split("\t") for line in pathlib.Path(file).read_text(encoding="utf-8").splitlines()[1:]]
    return [row[0] for row in rows], [row[1] for row in rows]


class Embedder:
    def __init__(self, folder):
        files = [*folder.glob("1/model.onnx"), *folder.glob("onnx/model.onnx"), *folder.glob("model.onnx")]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(files[0]), options, providers=["CPUExecutionProvider"])
        self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def vector(self, text):
        ids = numpy.array([self.tokenizer.encode(text).ids], dtype=numpy.int64)
        given = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        names = {one.name for one in self.session.get_inputs()}
        hidden = self.session.run(None, {name: value for name, value in given.items() if name in names})[0][0]
        mean = hidden.mean(axis=0)
        return mean / numpy.linalg.norm(mean)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--held-out", required=True)
    parser.add_argument("-C", dest="strength", type=float, default=1.0)
    parser.add_argument("--fleet", default=str(pathlib.Path(__file__).resolve().parent.parent / "fleet"))
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        result = pathlib.Path(scratch) / "head"
        started = time.monotonic()
        command = [*options.fleet.split(), "optimize", "distil", "head", str(options.model), "-o", str(result)]
        command += ["--train", options.train, "--held-out", options.held_out, "-C", str(options.strength)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - started
        report = json.loads((result / "report.json").read_text(encoding="utf-8"))
    ours = report["heldOut"]["accuracy"]

    embedder = Embedder(options.model)
    training, labels = texts(options.train)
    held, wanted = texts(options.held_out)
    known = set(labels)
    pairs = [(text, label) for text, label in zip(held, wanted) if label in known]
    vectors = numpy.stack([embedder.vector(text) for text in training])
    judging = numpy.stack([embedder.vector(text) for text, _ in pairs])
    fitted = LogisticRegression(C=options.strength, max_iter=10000).fit(vectors, labels)
    theirs = fitted.score(judging, [label for _, label in pairs])

    print("%s, C %s: %d texts to train on, %d held out (report: %d)"
          % (options.model.name, options.strength, len(training), len(pairs), report["heldOut"]["texts"]))
    print("  distil head %.4f in %.0f s, scikit-learn %.4f: %+.2f points" % (ours, seconds, theirs, 100 * (ours - theirs)))
    return 0 if 100 * (theirs - ours) <= MOST_POINTS else 1


if __name__ == "__main__":
    sys.exit(main())
