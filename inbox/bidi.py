"""Characters that reverse the text after them."""

OVERRIDES = "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}"


def has_overrides(text: str) -> bool:
    return any(character in text for character in OVERRIDES)


def show_overrides(text: str) -> str:
    """The text with these characters made visible: applied, they would change how it reads."""
    for character in OVERRIDES:
        text = text.replace(character, f"⟨U+{ord(character):04X}⟩")
    return text
