"""Where tests find the project, and data that are not part of it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"  # absent elsewhere: tests that need it are skipped
