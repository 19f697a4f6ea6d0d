"""Elements of drawings are written in one way, and no text in them is markup."""

from agent.core import svg


def test_lengths_are_written_to_a_tenth_and_counts_as_they_are() -> None:
    assert svg.element("rect", x=1 / 3, stroke_width=2) == '<rect x="0.3" stroke-width="2"/>'
    assert svg.points([(0.0, 1.25), (10, 2)]) == "0.0,1.2 10.0,2.0"


def test_an_attribute_by_the_name_of_a_keyword() -> None:
    assert svg.element("g", "<a/>", class_="bar") == '<g class="bar"><a/></g>'


def test_text_is_never_markup() -> None:
    assert svg.label('<b> & "c"', 0, 1.0) == '<text x="0" y="1.0">&lt;b&gt; &amp; &quot;c&quot;</text>'
    assert svg.element("a", title='"><script>') == '<a title="&quot;&gt;&lt;script&gt;"/>'
