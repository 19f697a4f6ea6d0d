"""Is the frozen program the same program? It must pass its selftest, and be made of the same parts.

python packaging/prove.py dist/printwarden/printwarden [--unproven mdns]

--unproven names a check that the machine of the build cannot pass, such as an emulator without multicast.

The selftest of the source names its modules, and its data files with their digests; the frozen one must
name the same. A module that nobody imports by name (every plug-in is such a one) is missed by nothing else.
"""

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def told(command: list[str]) -> dict[str, Any]:
    """What `selftest --json` of that program says. Ends with its own words if it says nothing."""
    ended = subprocess.run(
        [*command, "selftest", "--json"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    try:
        return dict(json.loads(ended.stdout))
    except ValueError:
        sys.exit(f"{command[0]} selftest: {ended.stderr or ended.stdout}")


def differences(source: dict[str, Any], frozen: dict[str, Any], unproven: Collection[str] = ()) -> list[str]:
    """Every way in which the frozen program is not the one in the source; none is good."""
    checks = [check for check in frozen["checks"] if check["name"] not in unproven]
    found = [f"{check['name']}: {check['said']}" for check in checks if not check["ok"]]
    if not frozen["frozen"] or source["frozen"]:
        found.append("not a frozen program beside its source")
    if source["version"] != frozen["version"]:
        found.append(f"version {frozen['version']}, not {source['version']}")
    missing, added = (
        sorted(set(one["modules"]) - set(other["modules"]))
        for one, other in ((source, frozen), (frozen, source))
    )
    found += [f"module {name} is missing" for name in missing]
    found += [f"module {name} is not in the source" for name in added]
    for name in sorted(source["data"].keys() | frozen["data"].keys()):
        if source["data"].get(name) != frozen["data"].get(name):
            found.append(f"data file {name} differs or is missing")
    return found


def main() -> None:
    program, *unproven = [word for word in sys.argv[1:] if word != "--unproven"]
    source, frozen = told([sys.executable, "-m", "agent"]), told([program])
    for check in frozen["checks"]:
        print(f"{check['name']:10} {check['said']}")
    if unproven:
        print(f"NOT PROVEN HERE: {', '.join(unproven)}")
    if found := differences(source, frozen, unproven):
        sys.exit("\n".join(found))
    print(f"the same {len(frozen['modules'])} modules and {len(frozen['data'])} data files as the source")


if __name__ == "__main__":
    main()
