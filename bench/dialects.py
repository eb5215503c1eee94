"""How much of what released instrumentations send is understood: every field of every recorded payload.

``make bench-dialects`` reads the payloads in ``../shared/data/otlp`` (without them those in ``tests``) and compares
what the API would answer with the truth that lies beside each. ``ARGS=--show`` prints what was expected and what came
for each field that is wrong; ``ARGS="--show langfuse-sdk openlit/chat"`` takes libraries or scenarios alone. The last
line of standard output is JSON: ``cases``, ``fields``, ``right``, and ``wrong`` as library/scenario/field.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from collector.payloads import payloads
from collector.truth import facts_of


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--show", action="store_true", help="print expected and got of each wrong field")
    parser.add_argument("only", nargs="*", help="libraries, or library/scenario")
    asked = parser.parse_args()
    chosen = [each for each in payloads() if not asked.only or {each.library, str(each)} & set(asked.only)]
    fields, wrong = 0, []
    for payload in chosen:
        for fact in facts_of(payload):
            fields += 1
            if not fact.right:
                wrong.append(f"{payload}/{fact.field}")
                if asked.show:
                    print(f"{wrong[-1]}\n  expected {fact.expected!r:.600}\n  got      {fact.got!r:.600}")
    told = {"bench": "dialects", "cases": len(chosen), "fields": fields, "right": fields - len(wrong), "wrong": wrong}
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
