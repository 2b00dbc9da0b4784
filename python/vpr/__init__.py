"""Voiceprint verification: is it this speaker, and who is it?

>>> import vpr
>>> recognizer = vpr.Recognizer(store="voices.db", create=True)
>>> recognizer.enroll("Ada", ["monday.wav", "tuesday.mp3"])
>>> recognizer.identify("today.wav").name
'Ada'

Recordings are paths, or NumPy arrays of mono sound from -1 to 1. Long calls let other threads run, end at Ctrl-C, and tell how
far they are to a callback ``progress(what, done, total)``. What goes wrong is a ``vpr.Error`` with a ``code``.
"""

import os as _os
import pathlib as _pathlib

from . import _vpr
from ._vpr import (
    Candidate,
    Comparison,
    Enrollment,
    Error,
    Evaluation,
    Identification,
    LeftOut,
    Recognizer,
    Verification,
    __version__,
    evaluate_scores,
)

__all__ = [
    "Candidate",
    "Comparison",
    "Enrollment",
    "Error",
    "Evaluation",
    "Identification",
    "LeftOut",
    "Recognizer",
    "Verification",
    "evaluate_scores",
]


def _find_resources():
    """Engines and models: in the package (a wheel), or in the installation or build that it is a part of."""
    if _os.environ.get("VPR_HOME"):
        return
    here = _pathlib.Path(__file__).resolve().parent
    for folder in (here, *list(here.parents)[:4]):
        if (folder / "lib" / "vpr" / "vpr_onednn.so").is_file():
            _vpr.set_resource_folder(str(folder))
            return


_find_resources()
