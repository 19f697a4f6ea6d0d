"""IPP messages as bytes: what RFC 8010 prescribes, and what is broken told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.collectors._ipp import attribute_mapping, codec
from agent.collectors._ipp.codec import AttributeGroup, Operation, ValueTag, decode_response, encode_request
from agent.collectors._vendor.vendor_profiles import load_shipped
from agent.core.errors import MalformedReply

HEAD = bytes.fromhex("0200 0000 00000001")


def attribute(tag, name, value):
    return bytes([tag]) + len(name).to_bytes(2, "big") + name.encode() + len(value).to_bytes(2, "big") + value


def reply(*attributes, end=b"\x03"):
    return HEAD + b"\x04" + b"".join(attributes) + end


def printer(raw):
    (attributes,) = decode_response(raw).attributes_in(AttributeGroup.PRINTER)
    return attributes


def test_a_request_is_the_example_of_the_rfc_to_the_byte():
    """RFC 8010, appendix A.1, in small: header, charset, language, target, two names, end."""
    made = encode_request(
        Operation.GET_PRINTER_ATTRIBUTES, (2, 0), 7,
        [(ValueTag.URI, "printer-uri", ["ipp://h/p"]), (ValueTag.KEYWORD, "requested-attributes", ["a", "bc"])],
    )  # fmt: skip
    assert made == (
        bytes.fromhex("0200 000b 00000007 01")
        + b"\x47\x00\x12attributes-charset\x00\x05utf-8"
        + b"\x48\x00\x1battributes-natural-language\x00\x02en"
        + b"\x45\x00\x0bprinter-uri\x00\x09ipp://h/p"
        + b"\x44\x00\x14requested-attributes\x00\x01a"
        + b"\x44\x00\x00\x00\x02bc"
        + b"\x03"
    )


@pytest.mark.parametrize(
    ("syntax", "content", "value"),
    [
        (ValueTag.INTEGER, bytes.fromhex("fffffffd"), -3),
        (ValueTag.ENUM, bytes.fromhex("00000003"), 3),
        (ValueTag.BOOLEAN, b"\x01", True),
        (ValueTag.TEXT, "Bürodrucker".encode(), "Bürodrucker"),
        (ValueTag.TEXT, "Bürodrucker".encode("latin-1"), "Bürodrucker"),
        (ValueTag.TEXT, b"two\x1b[31m\nlines", "two [31m lines"),
        (ValueTag.TEXT_IN, b"\x00\x02en\x00\x05Ready", "Ready"),
        (ValueTag.NAME_IN, b"\x00\x02de\x00\x00", ""),
        (ValueTag.OCTETS, b"code=jam", b"code=jam"),
        (ValueTag.DATE, bytes(11), bytes(11)),
    ],
)
def test_a_value_is_read_by_its_syntax(syntax, content, value):
    assert printer(reply(attribute(syntax, "x", content))) == {"x": (value,)}


@pytest.mark.parametrize("tag", [0x10, 0x12, 0x13])
def test_there_is_no_value_is_no_value(tag):
    assert printer(reply(attribute(tag, "printer-geo-location", b""))) == {"printer-geo-location": ()}


def test_further_values_belong_to_the_name_before():
    raw = reply(attribute(ValueTag.KEYWORD, "r", b"a"), attribute(ValueTag.KEYWORD, "", b"b"))
    assert printer(raw) == {"r": ("a", "b")}


def test_a_collection_holds_its_members_and_collections_in_them():
    inner = (
        attribute(ValueTag.COLLECTION, "", b"")
        + attribute(ValueTag.MEMBER, "", b"deep")
        + attribute(ValueTag.INTEGER, "", bytes(4))
    )
    raw = reply(
        attribute(ValueTag.COLLECTION, "col", b""),
        attribute(ValueTag.MEMBER, "", b"monochrome"),
        attribute(ValueTag.INTEGER, "", bytes.fromhex("0000002a")),
        attribute(ValueTag.MEMBER, "", b"inner"),
        inner,
        attribute(ValueTag.END_COLLECTION, "", b""),
        attribute(ValueTag.END_COLLECTION, "", b""),
    )
    assert printer(raw) == {"col": ({"monochrome": (42,), "inner": ({"deep": (0,)},)},)}


def test_groups_come_in_their_order_and_empty_ones_are_there():
    raw = HEAD + b"\x01\x05\x04" + attribute(ValueTag.INTEGER, "x", bytes(4)) + b"\x03"
    assert [tag for tag, _ in decode_response(raw).groups] == [
        AttributeGroup.OPERATION,
        AttributeGroup.UNSUPPORTED,
        AttributeGroup.PRINTER,
    ]


def test_a_broken_value_is_left_out_and_told():
    response = decode_response(
        reply(attribute(ValueTag.INTEGER, "level", b"\x01"), attribute(ValueTag.INTEGER, "good", bytes(4)))
    )
    assert response.attributes_in(AttributeGroup.PRINTER) == [{"level": (), "good": (0,)}]
    assert response.problems == ("level: not a value of syntax 0x21: 01",)


@pytest.mark.parametrize(
    ("what", "raw", "complaint"),
    [
        ("too short", b"\x02\x00", "has 2 bytes"),
        ("no end", reply(attribute(ValueTag.INTEGER, "x", bytes(4)), end=b""), "without an end-of-attributes tag"),
        ("a length beyond the end", HEAD + b"\x04\x44\xff\xff", "65535 bytes are announced where 0 are left"),
        ("a value before any group", HEAD + b"\x44\x00\x01x\x00\x00\x03", "before any group"),
        ("a further value first", HEAD + b"\x04\x44\x00\x00\x00\x00\x03", "before any attribute"),
        ("a collection without end", reply(attribute(ValueTag.COLLECTION, "c", b"")), "the collection c does not end"),
        ("too deep", reply(*[attribute(ValueTag.COLLECTION, "c", b"")] + [attribute(ValueTag.COLLECTION, "", b"")] * 9), "inside"),
        ("too long", bytes(codec.MAX_BYTES + 1), "more than"),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_told_once_with_its_place(what, raw, complaint):
    with pytest.raises(MalformedReply, match=complaint):
        decode_response(raw)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_response_or_malformed(raw):
    try:
        response = decode_response(HEAD + raw)
    except MalformedReply:
        return
    for attributes in response.attributes_in(AttributeGroup.PRINTER):
        attribute_mapping.build_snapshot_parts(attributes, load_shipped(), [])


names = st.sampled_from(attribute_mapping.REQUESTED_ATTRIBUTES)
single = st.one_of(
    st.integers(-(2**31), 2**31 - 1), st.booleans(), st.text(max_size=20), st.binary(max_size=40)
)
collection = st.dictionaries(
    st.sampled_from(["monochrome", "full-color", "x"]), st.lists(single, max_size=2).map(tuple)
)


@given(st.dictionaries(names, st.lists(st.one_of(single, collection), max_size=4).map(tuple), max_size=12))
def test_whatever_values_the_attributes_have_there_is_a_snapshot_in_them(attributes):
    parts = attribute_mapping.build_snapshot_parts(attributes, load_shipped(), [])
    assert all(meter.value >= 0 for meter in parts["meters"] or ())
