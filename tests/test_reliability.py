"""docs/reliability.md promises a test for each row."""

import re
from pathlib import Path

TESTS = Path(__file__).parent / "realtime"
TABLE = (TESTS.parents[1] / "docs" / "reliability.md").read_text(encoding="utf-8").split("\n## ")[0]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and "---" not in line][1:]


def test_every_row_of_what_goes_wrong_names_a_test_that_is_there() -> None:
    assert ROWS
    for row in ROWS:
        named = re.search(r"`((?:page/)?test_\w+\.py)::(test_\w+)` \|$", row)
        assert named is not None, row
        assert f"\ndef {named[2]}(" in (TESTS / named[1]).read_text(encoding="utf-8"), row
