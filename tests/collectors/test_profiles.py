"""A vendor profile is a file; a mistake in it is told with file, line and key."""

from collections import Counter

import pytest

from agent.collectors._vendor.vendor_profiles import FOLDER, Profiles, load_shipped
from agent.core.errors import ConfigError
from agent.snmp.oid import oid

GOOD = """
vendor = "Acme"
enterprises = [99999]
words = ["acme"]

[[row]]
field = "serial"
oid = "1.3.6.1.4.1.99999.1.0"
source = "Acme's own MIB"
confidence = "A"
"""


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.toml")))
def test_each_shipped_profile_loads_and_says_where_it_is_from(name):
    profile = next(
        one for one in load_shipped() if (FOLDER / f"{name}.toml").read_text("utf-8").count(f'"{one.vendor}"')
    )
    assert profile.vendor
    assert all(row.source and row.oid.startswith("1.3.6.1.4.1.") for row in profile.row)


def test_a_new_vendor_is_a_new_file(tmp_path):
    (tmp_path / "acme.toml").write_text(GOOD, "utf-8")
    profiles = Profiles.load(tmp_path)
    assert profiles.find_brand("ACME LaserThing 3") == "Acme"
    assert [one.vendor for one in profiles.find_by_enterprise(99999)] == ["Acme"]


def test_no_enterprise_belongs_to_two():
    counted = Counter(number for profile in load_shipped() for number in profile.enterprises)
    assert max(counted.values()) == 1


def test_nobody_asks_where_credentials_leak():
    """Samsung 236.11.5.11.81.10.1 holds passwords: rows are asked one by one, and never there."""
    leaky = oid("1.3.6.1.4.1.236.11.5.11.81.10")
    assert not [row for profile in load_shipped() for row in profile.row if oid(row.oid).startswith(leaky)]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('vendor = "Acme"', "", "vendor: is missing"),
        ("enterprises = [99999]", 'enterprises = ["99999"]', "enterprises"),
        ('field = "serial"', 'feild = "serial"', 'did you mean "field"?'),
        ('field = "serial"', 'field = "toner"', "row[1].field"),
        ('oid = "1.3.6.1.4.1.99999.1.0"', 'oid = "1.3.six"', "row[1].oid"),
        ('confidence = "A"', 'confidence = "high"', "row[1].confidence"),
        ('confidence = "A"', 'confidence = "A"\npattern = "("', "not a regular expression"),
        ('source = "Acme\'s own MIB"', 'source = ""', "row[1].source"),
    ],
)
def test_a_mistake_is_told_with_file_and_key(old, new, complaint, tmp_path):
    assert old in GOOD
    (tmp_path / "acme.toml").write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(ConfigError) as told:
        Profiles.load(tmp_path)
    assert "acme.toml" in str(told.value)
    assert complaint in str(told.value)
