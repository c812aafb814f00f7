"""From a file that somebody dropped to pixels and text that can be trusted: decoded in a caged child, kept by content.

The window, the command line and the session use what is named here; nothing else in the app opens a picture.
"""

from mistral_desk.chat.attachments.intake import take_in
from mistral_desk.chat.attachments.kinds import (
    Limits,
    Picture,
    PictureBody,
    Pixels,
    TextFile,
    fingerprints_in,
    picture_body,
    read_picture_body,
)
from mistral_desk.chat.attachments.pictures import Pictures, unused

__all__ = [
    "Limits",
    "Picture",
    "PictureBody",
    "Pictures",
    "Pixels",
    "TextFile",
    "fingerprints_in",
    "picture_body",
    "read_picture_body",
    "take_in",
    "unused",
]
