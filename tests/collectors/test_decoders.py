"""Decoders, each by what makers send: bytes in, keys and values out, a sentence for what is broken."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.collectors import decoders
from agent.core import plugins

ALONE = ()


def decoded(name, told):
    return [(count.key, count.value) for count in plugins.load_plugin(decoders, name).decode(told)]


def blob(text):
    return {"blob": {ALONE: bytes.fromhex(text)}}


class TestBrotherRecords:
    @pytest.mark.parametrize(
        ("what", "text", "counts"),
        [
            ("two records and the end", "00010400000f4a 01010400000010 ff", [("00", 3914), ("01", 16)]),
            ("a checksum behind the end", "00010400000f4a ff 8c", [("00", 3914)]),
            ("no end at all", "00010400000f4a", [("00", 3914)]),
            ("filled up with zeros", "00010400000f4a 000000000000", [("00", 3914)]),
            ("all ones: not available", "000104ffffffff 01010400000010 ff", [("01", 16)]),
            ("the older form: 4 of 20 steps", "a101020414 a201020c14 ff", [("a1", 2000), ("a2", 6000)]),
            ("nothing but the end", "ff", []),
            ("empty", "", []),
        ],
    )
    def test_a_blob_is_read_record_by_record(self, what, text, counts):
        assert decoded("brother_records", blob(text)) == counts, what

    def test_a_blob_written_as_hex_digits_is_the_same_blob(self):
        told = {"blob": {ALONE: b"63 01 04 00 00 00 01 11 01 04 00 00 01 38 FF"}}
        assert decoded("brother_records", told) == [("63", 1), ("11", 312)]

    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("00010400000f4a 010104", "ends inside the record that begins at byte 7 of 10"),
            ("00010400000f4a 4242424242", "byte 7 of 12 begins no record"),
            ("a101020400 ff", "4 steps of 0"),
            ("a101021505 ff", "21 steps of 5"),
        ],
    )
    def test_a_broken_blob_is_one_sentence(self, text, complaint):
        with pytest.raises(ValueError, match=complaint):
            decoded("brother_records", blob(text))


class TestHpFloats:
    @pytest.mark.parametrize(
        ("value", "pages"),
        [
            (struct.pack(">f", 1234.5), 1235),
            (struct.pack(">d", 16777219.25), 16777219),
            (b"1234.4", 1234),
            (b"4711", 4711),
            (77, 77),
        ],
    )
    def test_a_number_in_a_string_is_rounded_to_whole_pages(self, value, pages):
        assert decoded("hp_float", {"a4": {(2, 1, 0): value}}) == [("2.1", pages)]

    @pytest.mark.parametrize(
        "value", [struct.pack(">f", -1.0), struct.pack(">f", float("nan")), b"plenty", b"\x7f\x00\x00\x00"]
    )
    def test_what_is_no_count_is_one_sentence(self, value):
        with pytest.raises(ValueError, match=r"is no count|neither a number"):
            decoded("hp_float", {"a4": {(1, 1): value}})


def test_rows_are_joined_on_their_type_not_on_their_place():
    told = {"type": {(1,): 400, (2,): 10, (9,): 200}, "value": {(2,): 271871, (1,): 90, (3,): 5}}
    assert decoded("typed_rows", told) == [("10", 271871), ("400", 90)]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (b"Total 1", "total 1"),
        (b"101: Total 1", "total 1"),
        (b"54 6F 74 61 6C 20 31", "total 1"),
        (b"0x546F74616C2031", "total 1"),
        ("Копия".encode(), "копия"),
        (b"", ""),
    ],
)
def test_names_are_read_in_words_and_in_hex(written, key):
    told = {"name": {(101,): written}, "value": {(101,): 2913}}
    assert decoded("named_rows", told) == [(key, 2913)]


values = st.one_of(st.none(), st.integers(-5, 2**33), st.binary(max_size=40))
columns = st.dictionaries(st.lists(st.integers(0, 300), max_size=3).map(tuple), values, max_size=5)


@pytest.mark.parametrize("name", plugins.list_plugins(decoders))
@given(told=st.dictionaries(st.sampled_from(["type", "name", "value", "blob"]), columns, max_size=4))
def test_whatever_comes_in_a_decoder_counts_or_says_what_is_wrong(name, told):
    try:
        counts = list(plugins.load_plugin(decoders, name).decode(told))
    except ValueError:
        return
    assert all(count.value >= 0 and count.name in told for count in counts)
