#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes an SPDX 2.3 document (JSON): what an artefact is made of.

Usage: sbom.py --name NAME --version V --output FILE [--pins FILE PIN...] [--packages FILE...] [--installed PACKAGE...] -- FILE...
PIN names a row of tools/versions.mk (NAME_PACKAGE, _FILE, _SHA256); a packages file is one of tools/packages; an installed package is this
machine's, by its version.
The same input gives the same bytes: the date is SOURCE_DATE_EPOCH or 0, the namespace is made of the contents.
"""
import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def identifier(text):
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)


def package(name, file_name, digest):
    version = re.search(r"_([^_]+?)(?:_(?:amd64|all)\.deb|\.orig\.tar\.\w+)$", file_name)
    return {
        "SPDXID": f"SPDXRef-Package-{identifier(name)}", "name": name, "versionInfo": version.group(1) if version else "NOASSERTION",
        "packageFileName": file_name, "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "supplier": "Organization: Debian",
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
    }


def pinned(path, names):
    pins = dict(re.findall(r"^(\w+) := (\S+)$", pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE))
    return [package(pins[f"{n}_PACKAGE"], pins[f"{n}_FILE"], pins[f"{n}_SHA256"]) for n in names]


def installed(name):
    """A package of this machine's: only its version is known."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        sys.exit(f"sbom: the package {name} is not installed; tools/setup does it")
    entry = package(name, f"{name}.deb", "")
    del entry["checksums"], entry["packageFileName"]
    return {**entry, "versionInfo": done.stdout}


def file_entry(path):
    name = pathlib.Path(path).name
    return {"SPDXID": f"SPDXRef-File-{identifier(name)}", "fileName": f"./{name}", "licenseConcluded": "NOASSERTION",
            "copyrightText": "NOASSERTION", "checksums": [
                {"algorithm": "SHA1", "checksumValue": hashlib.sha1(pathlib.Path(path).read_bytes()).hexdigest()},
                {"algorithm": "SHA256", "checksumValue": sha256(path)}]}


def document(arguments):
    packages = pinned(arguments.pins[0], arguments.pins[1:]) if arguments.pins else []
    for listing in arguments.packages:
        for line in pathlib.Path(listing).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                packages.append(package(*line.split()[1:4]))
    packages += [installed(name) for name in arguments.installed]
    files = [file_entry(path) for path in arguments.files]
    root = {"SPDXID": "SPDXRef-Root", "name": arguments.name, "versionInfo": arguments.version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION"}
    contents = json.dumps([root, packages, files], sort_keys=True).encode()
    created = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": arguments.name,
        "documentNamespace": f"urn:sha256:{hashlib.sha256(contents).hexdigest()}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: nestbox-sbom"]},
        "packages": [root] + packages, "files": files,
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-Root"}] +
        [{"spdxElementId": "SPDXRef-Root", "relationshipType": "CONTAINS", "relatedSpdxElement": f["SPDXID"]} for f in files] +
        [{"spdxElementId": "SPDXRef-Root", "relationshipType": "GENERATED_FROM", "relatedSpdxElement": p["SPDXID"]} for p in packages],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--pins", nargs="+", default=[])
    parser.add_argument("--packages", nargs="*", default=[])
    parser.add_argument("--installed", nargs="*", default=[])
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    text = json.dumps(document(arguments), indent=1, sort_keys=True) + "\n"
    pathlib.Path(arguments.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
