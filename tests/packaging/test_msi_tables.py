"""The MSI's own tables say what Windows will do; wixl builds it here around a placeholder."""

import subprocess
from pathlib import Path

import pytest

WINDOWS = Path(__file__).parents[2] / "packaging" / "windows"


@pytest.fixture(scope="module")
def table(needs, tmp_path_factory):
    """`table("ServiceInstall")`: its rows, as dicts by column."""
    for tool, package in (
        ("wixl", "wixl"),
        ("wixl-heat", "wixl"),
        ("msiinfo", "msitools"),
        ("msibuild", "msitools"),
    ):
        needs(tool, package)
    folder = tmp_path_factory.mktemp("msi")
    (folder / "program" / "_internal").mkdir(parents=True)
    (folder / "program" / "printwarden.exe").write_bytes(b"MZ")
    (folder / "program" / "_internal" / "python311.dll").write_bytes(b"x")
    command = ["sh", str(WINDOWS / "msi.sh"), str(folder / "program"), "1.2.3", str(folder / "p.msi")]
    subprocess.run(command, check=True, capture_output=True)

    def rows(name):
        exported = subprocess.run(
            ["msiinfo", "export", str(folder / "p.msi"), name], check=True, capture_output=True, text=True
        )
        columns, _, _, *lines = [line.split("\t") for line in exported.stdout.splitlines()]
        return [dict(zip(columns, line, strict=True)) for line in lines]

    return rows


def test_the_service_starts_by_itself_as_an_account_without_privileges(table):
    [service] = table("ServiceInstall")
    assert service["Name"] == "Printwarden"
    assert service["StartType"] == "2", "SERVICE_AUTO_START"
    assert service["ServiceType"] == "16", "SERVICE_WIN32_OWN_PROCESS"
    assert service["StartName"] == r"NT AUTHORITY\LocalService"
    assert service["Arguments"] == "service host"


def test_the_service_is_started_stopped_and_removed_with_the_package(table):
    [control] = table("ServiceControl")
    assert int(control["Event"]) == 0x1 | 0x2 | 0x20 | 0x80, "start; stop at both; delete at uninstall"


def test_a_crash_is_answered_after_5_30_and_60_seconds(table):
    [failures] = table("MsiServiceConfigFailureActions")
    assert failures["Actions"].split("[~]") == ["1", "1", "1"], "SC_ACTION_RESTART"
    assert failures["DelayActions"].split("[~]") == ["5000", "30000", "60000"]
    assert failures["Component_"] == table("ServiceInstall")[0]["Component_"]


def test_the_data_folder_is_closed_to_other_users_and_survives_an_uninstall(table):
    [folder] = table("MsiLockPermissionsEx")
    assert folder["LockObject"] == "DATADIR"
    assert folder["SDDLText"].startswith("D:PAI"), "protected: nothing is inherited"
    assert not [who for who in (";;;BU)", ";;;WD)") if who in folder["SDDLText"]], "no users, not everyone"
    [data] = [row for row in table("Component") if row["Component"] == "data"]
    assert int(data["Attributes"]) & 16, "msidbComponentAttributesPermanent"


def test_the_token_is_never_logged(table):
    properties = {row["Property"]: row["Value"] for row in table("Property")}
    hidden = properties["MsiHiddenProperties"].split(";")
    assert {"TOKEN", "PROXY", "configure"} <= set(hidden)
    assert "TOKEN" not in properties, "no default is stored"
    [configure] = [row for row in table("CustomAction") if row["Action"] == "configure"]
    assert int(configure["Type"]) & 8192, "msidbCustomActionTypeHideTarget"


def test_the_token_goes_into_a_file_and_never_through_a_command_line(table):
    [left] = table("IniFile")
    assert left["FileName"].split("|")[-1] == "enrolment.token"
    assert (left["DirProperty"], left["Key"], left["Value"]) == ("STATEDIR", "token", "[TOKEN]")
    assert not [row["Action"] for row in table("CustomAction") if "TOKEN" in row["Target"]]
    sequence = {row["Action"]: row for row in table("InstallExecuteSequence")}
    assert sequence["WriteIniValues"]["Condition"] == "TOKEN", "without one no file is made"
    [told] = table("ActionText")
    assert (told["Action"], told["Template"]) == ("WriteIniValues", "File: [1]"), "the log says no value"


def test_what_a_silent_installation_may_give_reaches_the_elevated_part(table):
    properties = {row["Property"]: row["Value"] for row in table("Property")}
    given = {"SITE", "PROVIDER", "NETWORKS", "TOKEN", "PROXY", "TRAPS"}
    assert given <= set(properties["SecureCustomProperties"].split(";"))


def test_things_happen_in_the_right_order(table):
    order = {row["Action"]: int(row["Sequence"]) for row in table("InstallExecuteSequence")}
    chain = [
        "InstallInitialize", "RemoveExistingProducts", "ProcessComponents", "StopServices", "InstallFiles",
        "WriteIniValues", "InstallServices", "MsiConfigureServices", "configure", "StartServices", "InstallFinalize",
    ]  # fmt: skip
    assert sorted(chain, key=order.__getitem__) == chain


def test_the_firewall_is_opened_only_where_traps_are_wanted(table):
    conditions = {row["Action"]: row["Condition"] for row in table("InstallExecuteSequence")}
    assert conditions["open_firewall"] == "TRAPS AND NOT REMOVE"
    assert conditions["close_firewall"] == 'REMOVE~="ALL"'


def test_an_older_version_gives_way_and_a_newer_one_does_not(table):
    upgrades = {row["ActionProperty"]: row for row in table("Upgrade")}
    assert upgrades["WIX_UPGRADE_DETECTED"]["VersionMax"] == "1.2.3"
    assert upgrades["WIX_DOWNGRADE_DETECTED"]["VersionMin"] == "1.2.3"
    assert {row["UpgradeCode"] for row in upgrades.values()} == {"{6F1D3C52-9A1B-4C6E-8F43-2E7B6A0D91C4}"}


def test_every_file_of_the_program_is_in_it(table):
    assert {row["FileName"].split("|")[-1] for row in table("File")} == {"printwarden.exe", "python311.dll"}
