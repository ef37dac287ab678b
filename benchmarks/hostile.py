#!/usr/bin/env python3
"""What hostile requests cost honest callers: each kind in turn, 50 a second on 20 connections, beside honest embeddings.

    benchmarks/hostile.py [--gateway URL] [--model NAME] [--honest RATE] [--seconds N] [--pairs N] [KIND...]

For each kind it measures honest callers alone and with the hostile ones, N pairs in turn, and prints the medians: p99
without and with, their ratio, honest failures, and what the hostile requests were answered. Honest callers ask for half
of the capacity, which is measured first, unless --honest says how many requests a second they make. A fleet must be
running; of one that ./fleet started it prints the memory that each process took at most. Needs nothing but Python.
Exit code 1 if an honest request failed, a process died or a ratio is above 1.5.
"""

import argparse
import collections
import gzip
import http.client
import itertools
import json
import multiprocessing
import os
import random
import socket
import statistics
import sys
import threading
import time
import urllib.parse

CONNECTIONS = 20
RATE = 50
MOST_RATIO = 1.5
WARM_UP = 20
MEGABYTE = 1024 * 1024

# No text comes twice: its answer could be kept.
NUMBERS = itertools.count(random.randrange(10**9))


def giant(before, after):
    return gzip.compress(before + b"1" * (62 * MEGABYTE) + after, 9)


def post(path, body, *headers):
    lines = ["POST %s HTTP/1.1" % path, "Host: hostile", "Content-Length: %d" % len(body), *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def chunked(path, *pieces):
    head = "POST %s HTTP/1.1\r\nHost: hostile\r\nTransfer-Encoding: chunked\r\n\r\n" % path
    return head.encode() + b"".join(pieces)


def kinds(model):
    """Each kind is a list of whole requests, sent in turn."""
    infer = "/v2/models/%s/infer" % model
    named = ('{"model":"%s",' % model).encode()
    embed = "/v1/embeddings"
    encoded = "Content-Encoding: gzip"
    word = json.dumps({"model": model, "input": "a" * 1000000}).encode()
    return {
        "inflated": [
            post(embed, giant(b'{"model":"', b'"}'), encoded),
            post(embed, giant(b'{"', b'":1}'), encoded),
            post(embed, giant(b'{"input":"', b'",' + named[1:-1] + b"}"), encoded),
            post(embed, giant(named + b'"id":"', b'"}'), encoded),
            post(infer, giant(b'{"id":"', b'","inputs":[]}'), encoded),
        ],
        "framing": [
            chunked(infer, b"zz\r\n{}\r\n0\r\n\r\n"),
            chunked(infer, b"2\r\n{}\r\n-1\r\n"),
            chunked(infer, b"2\r\n{}XX0\r\n\r\n"),
            b"garbage\r\n\r\n",
            b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n" % infer.encode(),
            b"POST %s HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 2\r\n\r\n{}" % infer.encode(),
            b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20000 + b"\r\n\r\n",
        ],
        "nesting": [
            post(infer, b'{"inputs":' + b"[" * 100000),
            post(embed, b'{"x":' + b"[" * 100000),
            post(embed, named + b'"input":' + b"[" * 1000 + b"]" * 1000 + b"}"),
            post("/v2/repository/index", b"[" * 60000),
        ],
        "names": [
            post("/v2/models/%s/infer" % ("n" * 4000), b"{}"),
            post(embed, json.dumps({"model": "n" * 100000, "input": "x"}).encode()),
            post(embed, json.dumps({"model": model, "k" * 100000: 1, "input": "x"}).encode()),
            post(infer, b'{"inputs":[{"name":"' + b"n" * 1000000 + b'"}]}'),
        ],
        "words": [post(embed, word)],
    }


class Processes:
    """Those that ./fleet started here."""

    def __init__(self):
        self.folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".fleet", "run")
        self.ids = {}
        for name in sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else ():
            with open(os.path.join(self.folder, name)) as file:
                words = file.read().split()
            if len(words) == 2 and words[0].isdigit():
                self.ids[name] = int(words[0])

    def most_megabytes(self):
        """By name; None for one that has died."""
        return {name: self.peak(process) for name, process in self.ids.items()}

    @staticmethod
    def peak(process):
        try:
            with open("/proc/%d/status" % process) as status:
                return next((int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM:")), None)
        except OSError:
            return None


class Honest:
    """
    Embeds at a steady rate, whether the answers come or not; latency counts from when a request was due. Without a
    rate each caller asks again as soon as it has its answer.
    """

    def __init__(self, address, model, rate, seconds):
        self.address, self.rate, self.seconds = address, rate, seconds
        self.body = json.dumps({"model": model, "input": "an ordinary sentence, number %d"}).encode()
        self.latencies, self.failures = [], collections.Counter()
        self.lock, self.number = threading.Lock(), 0

    def run(self):
        self.start = time.monotonic()
        callers = [threading.Thread(target=self.call) for _ in range(32)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    def call(self):
        connection = None
        while True:
            with self.lock:
                due = self.start + self.number / self.rate if self.rate else time.monotonic()
                self.number += 1
                body = self.body % next(NUMBERS)
            if due > self.start + self.seconds:
                return
            time.sleep(max(0, due - time.monotonic()))
            try:
                connection = connection or http.client.HTTPConnection(*self.address, timeout=60)
                connection.request("POST", "/v1/embeddings", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                outcome = None if answer.status == 200 else answer.status
            except OSError as broken:
                connection, outcome = None, type(broken).__name__
            except http.client.HTTPException as broken:
                connection, outcome = None, type(broken).__name__
            with self.lock:
                self.latencies.append(time.monotonic() - due)
                if outcome is not None:
                    self.failures[outcome] += 1

    def p99(self):
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]

    def answered_per_second(self):
        return (len(self.latencies) - sum(self.failures.values())) / self.seconds


class Hostile:
    """
    So many requests a second on so many connections; a connection that is closed is opened again. They come from a
    process of their own, so that they do not take the honest callers' interpreter.
    """

    def __init__(self, address, requests):
        self.address, self.requests = address, requests
        self.lock, self.number, self.answers = threading.Lock(), 0, collections.Counter()
        # Where processes are not forked, a lock or a function could not be handed over.
        forked = multiprocessing.get_context("fork")
        self.over, self.results = forked.Event(), forked.Queue()
        self.process = forked.Process(target=self.run, daemon=True)

    def begin(self):
        self.process.start()

    def end(self):
        self.over.set()
        self.answers = self.results.get(timeout=90)
        self.process.join()

    def run(self):
        self.start = time.monotonic()
        callers = [threading.Thread(target=self.call, daemon=True) for _ in range(CONNECTIONS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(60)
        self.results.put(self.answers)

    def call(self):
        connection = None
        while not self.over.is_set():
            with self.lock:
                due = self.start + self.number / RATE
                request = self.requests[self.number % len(self.requests)]
                self.number += 1
            if self.over.wait(max(0, due - time.monotonic())):
                break
            try:
                connection = connection or socket.create_connection(self.address, 30)
                connection.sendall(request)
                answer, closes = self.answer(connection)
            except OSError as broken:
                answer, closes = type(broken).__name__, True
            if closes and connection:
                connection.close()
                connection = None
            with self.lock:
                self.answers[answer] += 1

    @staticmethod
    def answer(connection):
        reader = http.client.HTTPResponse(connection)
        try:
            reader.begin()
            reader.read()
        except http.client.HTTPException as broken:
            return type(broken).__name__, True
        return reader.status, reader.will_close


def measure(address, arguments, requests):
    honest = Honest(address, arguments.model, arguments.honest, arguments.seconds)
    hostile = Hostile(address, requests) if requests else None
    if hostile:
        hostile.begin()
    honest.run()
    if hostile:
        hostile.end()
    return honest, hostile


def counted(outcomes):
    return " ".join("%s:%d" % pair for pair in sorted(outcomes.items(), key=str))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", default="http://127.0.0.1:8080")
    parser.add_argument("--model", default="all-minilm-l6-v2")
    parser.add_argument("--honest", type=float, metavar="RATE", help="honest requests a second, not half of the capacity")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    arguments = parser.parse_args()
    sys.setswitchinterval(0.0005)
    url = urllib.parse.urlsplit(arguments.gateway)
    address = (url.hostname, url.port or 80)
    known = kinds(arguments.model)
    unknown = set(arguments.kinds) - set(known)
    if unknown:
        parser.error("%s: no such kind (expected: %s)" % (", ".join(unknown), ", ".join(known)))
    processes = Processes()
    capacity = None
    for _ in ("to warm up", "to measure"):
        capacity = Honest(address, arguments.model, None, WARM_UP)
        capacity.run()
    arguments.honest = arguments.honest or capacity.answered_per_second() / 2
    print("capacity: %.0f/s, honest: %.0f/s, hostile: %d/s" % (capacity.answered_per_second(), arguments.honest, RATE))
    well = True
    print("%-9s %12s %12s %6s %9s  answers to the hostile" % ("kind", "p99 alone", "p99 with", "ratio", "failures"))
    for kind in arguments.kinds or known:
        alone, beside, failures, answers = [], [], collections.Counter(), collections.Counter()
        for _ in range(arguments.pairs):
            quiet, _none = measure(address, arguments, None)
            loud, hostile = measure(address, arguments, known[kind])
            alone.append(quiet.p99())
            beside.append(loud.p99())
            failures.update(quiet.failures)
            failures.update(loud.failures)
            answers.update(hostile.answers)
        ratio = statistics.median(with_ / without for without, with_ in zip(alone, beside))
        well = well and ratio <= MOST_RATIO and not failures
        print("%-9s %9.1f ms %9.1f ms %6.2f %9s  %s" % (
            kind, statistics.median(alone) * 1000, statistics.median(beside) * 1000, ratio,
            counted(failures) or 0, counted(answers)), flush=True)
    for name, megabytes in processes.most_megabytes().items():
        print("%s: %s" % (name, "died" if megabytes is None else "%d MB at most" % megabytes))
        well = well and megabytes is not None
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
