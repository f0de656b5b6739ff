import qrcode
from qrcode.image.svg import SvgPathImage


def svg(text: str) -> str:
    """The QR code of ``text`` as an SVG element."""
    image = qrcode.make(text, image_factory=SvgPathImage)
    return str(image.to_string(encoding="unicode"))
