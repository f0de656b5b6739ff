OVERRIDES = "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}"


def has_overrides(text: str) -> bool:
    return any(character in text for character in OVERRIDES)


def show_overrides(text: str) -> str:
    """Make the characters visible that reverse the text after them."""
    for character in OVERRIDES:
        text = text.replace(character, f"⟨U+{ord(character):04X}⟩")
    return text
