"""What happens to the caller's audio."""

from __future__ import annotations

from ...asking.session import Session
from ...catalogue import Verdict, check
from ..outputs.content import finite
from ._effects import none_of


@check(
    "S01",
    "the input audio is left as it is",
    section="What callers rely on",
    requires=(finite,),
    fix="Write audio = audio * gain instead of audio *= gain, and clone before in-place "
    "operations.",
)
def audio_untouched(session: Session) -> Verdict:
    """The evaluation passes the same tensor to both functions, one after the other."""
    return none_of(session, {"audio"}, "the audio as it was before the call")
