"""Characters that reverse the text after them."""

OVERRIDES = "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}"


def show_overrides(text: str) -> str:
    """The text with such characters named: obeyed, one would make it read as something else."""
    for character in OVERRIDES:
        text = text.replace(character, f"⟨U+{ord(character):04X}⟩")
    return text
