from inbox.web.ui import diff


def marked(spans: diff.Spans) -> str:
    signs = {"add": "+", "del": "-", "": ""}
    return "".join(f"[{signs[span.kind]}{span.text}]" for span in spans)


def test_words_that_were_deleted_and_added_are_marked() -> None:
    before, after = diff.words(["Dries dark.\nLasts long."], ["Dries dark.\nLasts for centuries."])
    assert marked(before) == "[Dries dark.\nLasts ][-long][.]"
    assert marked(after) == "[Dries dark.\nLasts ][+for centuries][.]"


def test_rewritten_text_is_marked_in_one_piece() -> None:
    before, after = diff.words(["one two three"], ["four five six"])
    assert (marked(before), marked(after)) == ("[-one two three]", "[+four five six]")


def test_a_long_text_is_compared_by_lines() -> None:
    line = "all of it " * diff.MOST_WORDS + "\n"
    before, after = diff.words([f"{line}old end"], [f"{line}new end"])
    assert [(span.kind, span.text) for span in after] == [("", line), ("add", "new end")]
    assert before[-1] == diff.Span("del", "old end")


def test_choices_stay_or_go_as_a_whole() -> None:
    before, after = diff.choices(["North", "South"], ["South", "South gate"])
    assert (marked(before), marked(after)) == ("[-North][, ][South]", "[South][, ][+South gate]")


def test_what_turns_the_direction_of_text_is_shown() -> None:
    for spans in (*diff.words(["a\u202eb"], ["a"]), *diff.choices(["a\u202eb"], [])):
        assert all("\u202e" not in span.text for span in spans)
