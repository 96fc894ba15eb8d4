#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nestbox bundle serve, from the outside: whole files, ranges, and what is none of a client's business.

usage: test_serve.py NESTBOX SOURCE_ROOT [unittest options]
"""
import contextlib
import http.client
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

TOOL = None
BUNDLE = random.Random(2).randbytes(300001)


class Serve(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name, "served")
        self.work.mkdir()
        (self.work / "new.bundle").write_bytes(BUNDLE)
        (self.work / "empty").write_bytes(b"")
        (self.work / ".hidden").write_bytes(b"hidden")
        (self.work / "folder").mkdir()
        (self.work / "folder" / "inside").write_bytes(b"inside")
        pathlib.Path(self.folder.name, "secret").write_bytes(b"secret")
        os.symlink("../secret", self.work / "link")
        os.mkfifo(self.work / "fifo")
        self.server = subprocess.Popen([TOOL, "bundle", "serve", self.work, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.server.stdout.readline()
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line).group(1))

    def tearDown(self):
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(timeout=20), 0)
        self.server.stdout.close()
        self.server.stderr.close()
        self.folder.cleanup()

    def ask(self, path, method="GET", **headers):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read(), answer

    def raw(self, text):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            answer = b""
            with contextlib.suppress(OSError):  # the server may hang up on what it does not want to read
                connection.sendall(text)
                while piece := connection.recv(65536):
                    answer += piece
            return answer

    def test_whole_files(self):
        status, body, answer = self.ask("/new.bundle")
        self.assertEqual((status, body), (200, BUNDLE))
        self.assertEqual(answer.getheader("Accept-Ranges"), "bytes")
        self.assertEqual(self.ask("/empty")[:2], (200, b""))
        status, body, answer = self.ask("/new.bundle", "HEAD")
        self.assertEqual((status, body, answer.getheader("Content-Length")), (200, b"", str(len(BUNDLE))))

    def test_a_download_goes_on_where_it_was_cut(self):
        half = len(BUNDLE) // 2
        _, _, whole = self.ask("/new.bundle", "HEAD")
        tag = whole.getheader("ETag")
        for condition in ({}, {"If_Range": tag}):
            status, body, answer = self.ask("/new.bundle", Range=f"bytes={half}-", **condition)
            self.assertEqual((status, BUNDLE[:half] + body), (206, BUNDLE))
            self.assertEqual(answer.getheader("Content-Range"), f"bytes {half}-{len(BUNDLE) - 1}/{len(BUNDLE)}")
        self.assertEqual(self.ask("/new.bundle", Range="bytes=5-9")[:2], (206, BUNDLE[5:10]))
        self.assertEqual(self.ask("/new.bundle", Range="bytes=-7")[:2], (206, BUNDLE[-7:]))
        (self.work / "new.bundle").write_bytes(BUNDLE[::-1])
        os.utime(self.work / "new.bundle", (1, 1))
        self.assertEqual(self.ask("/new.bundle", Range=f"bytes={half}-", If_Range=tag)[:2], (200, BUNDLE[::-1]))

    def test_ranges_that_are_none(self):
        status, body, answer = self.ask("/new.bundle", Range=f"bytes={len(BUNDLE)}-")
        self.assertEqual((status, body, answer.getheader("Content-Range")), (416, b"", f"bytes */{len(BUNDLE)}"))
        self.assertEqual(self.ask("/new.bundle", Range="bytes=9-5")[:2], (200, BUNDLE))

    def test_only_regular_files_of_the_folder(self):
        for path in ("/", "/folder", "/folder/inside", "/.hidden", "/link", "/fifo", "/nothing", "/../secret", "/%2e%2e/secret", "/..%2fsecret",
                     "/folder%2finside", "//new.bundle", "/new.bundle/", "/" + "x" * 300):
            status, body, _ = self.ask(path)
            self.assertIn(status, (400, 404), path)
            self.assertNotIn(b"secret", body)
            self.assertNotIn(b"inside", body)

    def test_read_only(self):
        for method in ("PUT", "POST", "DELETE", "PATCH", "OPTIONS"):
            status, _, answer = self.ask("/new.bundle", method)
            self.assertEqual((status, answer.getheader("Allow")), (405, "GET, HEAD"), method)
        self.assertEqual((self.work / "new.bundle").read_bytes(), BUNDLE)

    def test_long_headers_are_refused(self):
        answer = self.raw(b"GET /new.bundle HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100000 + b"\r\n\r\n")
        self.assertNotIn(b"200 OK", answer[:40])
        self.assertNotIn(BUNDLE[:100], answer)
        self.assertEqual(self.ask("/empty")[0], 200)

    def test_connections_are_bounded(self):
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=5)) for _ in range(40)]
            answered = 0
            for connection in held:
                with contextlib.suppress(OSError):
                    connection.sendall(b"HEAD /empty HTTP/1.1\r\nHost: x\r\n\r\n")
                    answered += connection.recv(100).startswith(b"HTTP/1.1 200")
            self.assertLessEqual(answered, 8)
            self.assertGreater(answered, 0)
        for _ in range(100):  # that they were closed is noticed in its own time
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.assertEqual(self.ask("/empty")[0], 200)
                return
            time.sleep(0.1)
        self.fail("nobody is served any more")

    def test_wrong_words(self):
        for words, code in ((["--listen", "example", self.work], 2), (["--port", "65536", self.work], 2), (["/nonexistent/folder"], 3), ([], 2)):
            done = subprocess.run([TOOL, "bundle", "serve", *words], capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, code, words)
            self.assertRegex(done.stderr, r"(?m)^nestbox: error: .{10,}")


if __name__ == "__main__":
    TOOL = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
