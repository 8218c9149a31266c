"""The real gazette, for tests where the folder `shared` lies beside the project; it is no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["REAL_GAZETTE", "needs_real_gazette"]

REAL_GAZETTE = Path(__file__).parents[3] / "shared" / "data" / "20250623104-NR112.pdf"

needs_real_gazette = pytest.mark.skipif(not REAL_GAZETTE.exists(), reason="the real gazette is not here")
