"""What R's package `nightdesk` asks: `python3 -m nightdesk.connecting.for_r use NAME`, or `list`.

The answer, with the secrets in it, goes as one line of JSON to standard output, which is a pipe to R: in no argument,
no environment, no file. What is wrong goes to standard error in words, with exit code 1.
"""

from __future__ import annotations

import json
import sys

from nightdesk.client.errors import NightdeskError
from nightdesk.connecting import asking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def main(words: Sequence[str]) -> int:
    """Answer one question; returns the exit code."""
    try:
        answer: Any
        if words == ["list"]:
            answer = asking.listed()
        elif len(words) == 2 and words[0] == "use":
            answer = asking.use(words[1])
        else:
            print("what is asked for is `use NAME` or `list`", file=sys.stderr)
            return 2
    except NightdeskError as problem:
        print(problem, *([problem.hint] if problem.hint else []), sep="\n", file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
