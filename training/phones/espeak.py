"""espeak-ng by its library, which tells when each phone begins.

It is a program under the GPL that is run here; what it says is not covered by its licence. Nothing
of it is kept but the sound.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIBRARY = "libespeak-ng.so.1"

# Of espeak-ng's speak_lib.h.
_SYNCHRONOUS = 2
_PHONE_EVENTS, _IPA, _DO_NOT_EXIT = 0x1, 0x2, 0x8000
_POSITION_CHARACTER = 1
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_PHONE = 7

NOT_HUMAN = ("robo", "Robo", "Demonic", "croak", "fast")
"""In the names of variants of a voice that are like no person."""


class EspeakError(Exception):
    """espeak-ng is missing, or refuses."""


class _Id(ctypes.Union):
    _fields_ = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Said:
    """What was said.

    Attributes:
        samples: int16, shape (n_samples,), at `Espeak.sample_rate`.
        phones: Where each begins, a sample's number, and what it is in the International Phonetic
            Alphabet; "" for a pause.
    """

    samples: NDArray[np.int16]
    phones: list[tuple[int, str]]


class Espeak:
    """espeak-ng, of which a process has one.

    Raises:
        EspeakError: If the library is not installed, or does not start.

    Attributes:
        sample_rate: Of what it says, Hz.
    """

    def __init__(self) -> None:
        try:
            self._library: Any = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise EspeakError(f"{error}; install it with apt-get install espeak-ng") from None
        # Sizes and pointers are wider than the numbers that ctypes takes arguments for.
        self._library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        self._library.espeak_Info.restype = ctypes.c_char_p
        options = _PHONE_EVENTS | _IPA | _DO_NOT_EXIT
        self.sample_rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, options)
        if self.sample_rate <= 0:
            raise EspeakError("espeak-ng finds no data; install it with apt-get install espeak-ng")
        self._heard: list[NDArray[np.int16]] = []
        self._phones: list[tuple[int, str]] = []
        self._callback = _Callback(self._hear)  # the library does not keep it alive
        self._library.espeak_SetSynthCallback(self._callback)

    def version(self) -> str:
        """Its version."""
        return str(self._library.espeak_Info(None).decode())

    def languages(self) -> list[str]:
        """Codes of the languages that it says, as "de" or "pt-br"."""
        return sorted(
            path.name.lower() for path in (self._data / "lang").rglob("*") if path.is_file()
        )

    def variants(self) -> list[str]:
        """Names of the ways in which every voice can be like another person."""
        names = [path.name for path in (self._data / "voices/!v").iterdir()]
        return sorted(name for name in names if not any(part in name for part in NOT_HUMAN))

    @property
    def _data(self) -> Path:
        path = ctypes.c_char_p()
        self._library.espeak_Info(ctypes.byref(path))
        return Path((path.value or b"").decode())

    def say(self, text: str, voice: str, *, rate: int, pitch: int, spread: int) -> Said:
        """Say a text.

        Args:
            text: What to say.
            voice: A language's code, `+` and a variant, as in "de+f2".
            rate: Words a minute.
            pitch: Of the voice, from 0 to 99.
            spread: Of the pitch, from 0, monotonous, to 99.

        Raises:
            EspeakError: If there is no such voice.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise EspeakError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._heard, self._phones = [], []
        encoded = text.encode()
        status = self._library.espeak_Synth(
            encoded, len(encoded) + 1, 0, _POSITION_CHARACTER, 0, _UTF8, None, None
        )
        if status != 0:
            raise EspeakError(f"espeak-ng does not say {text!r} as {voice}: error {status}")
        samples = np.concatenate([np.zeros(0, np.int16), *self._heard])
        return Said(samples, self._phones)

    def _hear(self, samples: Any, n_samples: int, events: Sequence[Any]) -> int:
        if samples and n_samples > 0:
            self._heard.append(np.ctypeslib.as_array(samples, (n_samples,)).copy())
        number = 0
        while (event := events[number]).type:
            if event.type == _PHONE:
                name = event.id.string.decode(errors="replace")
                self._phones.append((event.sample, name))
            number += 1
        return 0
