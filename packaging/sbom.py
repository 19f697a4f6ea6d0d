"""What is in the frozen program: a CycloneDX list and the licences, read from the built tree itself.

python packaging/sbom.py dist        writes dist/printwarden.cdx.json and dist/LICENCES.txt

A Python distribution is listed if a module or a file of it was really taken along; each shared library
is listed with its SHA-256 and, where dpkg knows, the Debian package and version that it came from.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from PyInstaller.archive.readers import CArchiveReader

ROOT = Path(__file__).parents[1]
OURS = ("agent", "uplink", "printwarden")
PYTHON = platform.python_version()
LIBRARY = (".so", ".dll", ".dylib")


def taken(dist: Path) -> set[str]:
    """Top names of every module and package folder in the build."""
    program = next(path for path in (dist / "printwarden").iterdir() if path.stem == "printwarden")
    archive = CArchiveReader(str(program)).open_embedded_archive("PYZ.pyz")
    internal = dist / "printwarden" / "_internal"
    return {name.split(".")[0] for name in archive.toc} | {
        path.name.split(".")[0] for path in internal.iterdir()
    }


def distributions(names: set[str]) -> list[metadata.Distribution]:
    """The Python distributions that those modules come from, by name, without our own."""
    homes = metadata.packages_distributions()
    found = {home for name in names if name not in OURS for home in homes.get(name, ())}
    return [metadata.distribution(name) for name in sorted(found - {"printwarden"}, key=str.lower)]


def strangers(taken: Iterable[str], lock: str) -> list[str]:
    """Distributions that were taken along, though the agent's own lock does not name them: tools of the
    tests, say, that a library uses if it finds them."""
    locked = {canonical(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", lock)}
    return sorted(name for name in taken if canonical(name) not in locked)


def canonical(name: str) -> str:
    """PEP 503: -, _ and . are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(one: metadata.Distribution) -> str:
    """Its licence in a few words: the SPDX expression, else its classifiers, else its free text."""
    classifiers = [line for line in one.metadata.get_all("Classifier", []) if line.startswith("License ::")]
    said = one.metadata.get("License-Expression") or ", ".join(line.split(" :: ")[-1] for line in classifiers)
    return said or (one.metadata.get("License") or "not stated").splitlines()[0]


def libraries(dist: Path) -> Iterator[Path]:
    internal = dist / "printwarden" / "_internal"
    yield from sorted(
        path for path in internal.rglob("*") if path.is_file() and set(path.suffixes) & set(LIBRARY)
    )


def origin(path: Path) -> tuple[str, str] | None:
    """The Debian package and version that a bundled system library was taken from, where dpkg knows."""
    if not shutil.which("dpkg-query") or path.parent.name != "_internal":
        return None
    found = subprocess.run(
        ["dpkg-query", "-S", f"*/{path.name}"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        return None
    package = found.stdout.split(": ")[0].split(",")[0]
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False
    )
    return package.split(":")[0], version.stdout


def bill(dist: Path, now: datetime) -> dict[str, Any]:
    """The list, as CycloneDX 1.6."""
    version = metadata.version("printwarden")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest_of_all(dist))}",
        "version": 1,
        "metadata": {
            "timestamp": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "component": {
                "type": "application",
                "name": "printwarden",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
        },
        "components": [
            {"type": "platform", "name": "CPython", "version": PYTHON},
            *(_of_python(one) for one in distributions(taken(dist))),
            *(_of_library(dist, path) for path in libraries(dist)),
        ],
    }  # fmt: skip


def _of_python(one: metadata.Distribution) -> dict[str, Any]:
    name = one.metadata["Name"]
    return {
        "type": "library",
        "name": name,
        "version": one.version,
        "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{one.version}",
        "licenses": [{"license": {"name": licence(one)}}],
    }


def _of_library(dist: Path, path: Path) -> dict[str, Any]:
    said = {
        "type": "file",
        "name": path.relative_to(dist / "printwarden").as_posix(),
        "hashes": [{"alg": "SHA-256", "content": _digest(path)}],
    }
    if found := origin(path):
        said["properties"] = [{"name": "printwarden:debian-package", "value": " ".join(found)}]
    return said


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of_all(dist: Path) -> str:
    """One digest of the whole tree: names and contents."""
    whole = hashlib.sha256()
    for path in sorted(path for path in (dist / "printwarden").rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(dist)} {_digest(path)}\n".encode())
    return whole.hexdigest()


def licences(dist: Path) -> str:
    """Every distribution with its version, licence, and licence texts."""
    parts = ["What the program bundles, and under which licences. Printwarden itself: Apache-2.0.\n"]
    parts.append(f"CPython {PYTHON}: PSF-2.0\n")
    for one in distributions(taken(dist)):
        parts.append(f"{'=' * 78}\n{one.metadata['Name']} {one.version}: {licence(one)}\n")
        texts = (file for file in one.files or () if file.parts[0].endswith(".dist-info"))
        parts += [
            f"{'-' * 78}\n{Path(str(file.locate())).read_text('utf-8', 'replace').strip()}\n"
            for file in texts
            if file.name.upper().startswith(("LICEN", "COPYING", "NOTICE"))
        ]
    return "\n".join(parts)


def main() -> None:
    dist = Path(sys.argv[1])
    now = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", datetime.now(UTC).timestamp())), UTC)
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    if found := strangers((one.name for one in distributions(taken(dist))), lock):
        sys.exit(
            f"in the build, yet not in requirements.txt: {', '.join(found)}; see UNUSED in printwarden.spec"
        )
    listed = bill(dist, now)
    (dist / "printwarden.cdx.json").write_text(json.dumps(listed, indent=2) + "\n", "utf-8")
    (dist / "LICENCES.txt").write_text(licences(dist), "utf-8")
    print(f"{len(listed['components'])} components; the tree is sha256 {digest_of_all(dist)}")


if __name__ == "__main__":
    main()
