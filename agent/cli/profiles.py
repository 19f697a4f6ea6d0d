"""`printwarden profiles`: the vendor profiles in force, and checks and trials of your own."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import _common
from agent.core.units import counted

if TYPE_CHECKING:
    from agent.collectors._capture.walk_files import WalkReader
    from agent.collectors._vendor.vendor_profiles import Profile, Profiles
    from agent.core.model import Snapshot

app = typer.Typer(help="Vendor profiles: what is read beyond the standard.", no_args_is_help=True)

Paths = Annotated[
    list[Path], typer.Argument(metavar="FILE|FOLDER...", help="Profiles, or folders of *.toml.")
]


@app.command("list")
def list_profiles(config: _common.ConfigFile = None, as_json: _common.AsJson = False) -> None:
    """List the profiles in force: the shipped ones, and with --config those of the site.

    Example: printwarden profiles list --json
    """
    from agent.collectors._vendor.vendor_profiles import load_shipped

    rows = [_profile_row(profile) for profile in _common.load_profiles(config) or load_shipped()]
    if as_json:
        _common.print_json(rows)
        return
    columns = ("vendor", "brands", "identity", "meters", "A", "B", "C", "file")
    _common.print_table(
        counted(len(rows), "profile"), columns, ([row[column] for column in columns] for row in rows)
    )


@app.command(epilog="Exit codes: 0 nothing to complain about, 2 a profile is wrong.")
def check(paths: Paths, as_json: _common.AsJson = False) -> None:
    """Check profiles as the agent would read them, beside the shipped ones.

    Example: printwarden profiles check profiles.d/
    """
    from agent.collectors._vendor.vendor_profiles import check_files

    files = [file for path in paths for file in (sorted(path.glob("*.toml")) if path.is_dir() else [path])]
    found = check_files(files)
    if as_json:
        _common.print_json({"complaints": [asdict(one) for one in found]})
    else:
        for one in found:
            typer.echo(str(one), err=True)
        complained = f"{counted(len(found), 'complaint')}: the agent would not start"
        verdict = complained if found else "nothing to complain about"
        typer.echo(f"{counted(len(files), 'profile')}, {verdict}", err=bool(found))
    if found:
        raise typer.Exit(2)


@app.command()
def schema() -> None:
    """Print the JSON Schema of a profile, for editors."""
    from agent.collectors._vendor.vendor_profiles import Profile

    _common.print_json(Profile.model_json_schema(by_alias=True))


@app.command("try")
def try_profile(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The profile.")],
    walk: Annotated[Path, typer.Option("--walk", metavar="WALK", help="A capture: OID|TAG|VALUE a line.")],
    as_json: _common.AsJson = False,
) -> None:
    """Show the values that a profile would read of a captured printer.

    Example: printwarden profiles try acme.toml --walk capture/walk.snmprec
    """
    from agent.collectors._capture import walk_files
    from agent.collectors._vendor import vendor_profiles

    profile = vendor_profiles.load_file(file)
    others = [one for one in vendor_profiles.load_shipped() if one.file != profile.file]
    snapshot = asyncio.run(
        _read_walk(
            walk_files.WalkReader(walk_files.load_walk(walk)), vendor_profiles.Profiles([*others, profile])
        )
    )
    if as_json:
        import json

        from agent.cli._probe_document import build_document
        from agent.core.clock import format_iso_time

        made = build_document(snapshot, format_iso_time(0.0), explain=True)
        _common.print_json(json.loads(made.model_dump_json(by_alias=True)))
        return
    from agent.cli import _probe_view

    _probe_view.print_snapshot(snapshot, _common.out, explain=False)
    fits = snapshot.identity is not None and profile.file in snapshot.identity.profiles
    _common.out.print(_describe_match(profile, snapshot) if fits else _NO_MATCH, markup=False)


_NO_MATCH = (
    "\nThe profile does not fit this printer: neither its name (words, families) nor its sysObjectID\n"
    "(enterprises) is the profile's."
)


async def _read_walk(reader: "WalkReader", profiles: "Profiles") -> "Snapshot":
    from agent.collectors import printer_mib

    return await printer_mib.read_printer(reader, at=0.0, profiles=profiles)


def _describe_match(profile: "Profile", snapshot: "Snapshot") -> str:
    """Format how many rows of a profile were answered."""
    answered = {meter.source for meter in snapshot.meters or ()}
    silent = [row for row in profile.meter if row.oid not in answered]
    lines = [f"\n{len(profile.meter) - len(silent)} of {len(profile.meter)} meter rows answered."]
    lines += [f"  no answer, or not used: {row.metric} {row.part or ''} {row.oid}" for row in silent]
    return "\n".join(lines)


def _profile_row(profile: "Profile") -> dict[str, object]:
    meters: list[str] = [row.confidence for row in profile.meter]
    meters += [one.confidence or packed.confidence for packed in profile.packed for one in packed.meter]
    return {
        "vendor": profile.vendor,
        "brands": ", ".join(brand.name for brand in profile.brand),
        "identity": len(profile.row),
        "meters": len(meters),
        **{grade: meters.count(grade) for grade in "ABC"},
        "file": f"{profile.file}.toml",
    }
