"""How well and how fast the rules read the judgements of a gazette.

usage: python benchmarks/judgements.py GAZETTE.pdf                        the judgements, a JSON object a line
       python benchmarks/judgements.py --unread GAZETTE.pdf               what could not be read, and why
       python benchmarks/judgements.py GAZETTE.pdf LABELS.jsonl SCORER    what the scorer says, and pages a second

LABELS holds judgements read by hand, and SCORER is a program that takes LABELS and a file of predictions and prints a
JSON object: entries found, missed, made up and repeated, and for each field the share that is right.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pypdfium2

from trio_pipeline.diario.judgements import read_judgements
from trio_pipeline.diario.masking import mask_personal_numbers
from trio_pipeline.diario.model import Reading


def page_texts(path: Path) -> list[str]:
    """The text of every page, as the extraction's worker takes it."""
    document = pypdfium2.PdfDocument(path)
    try:
        texts = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    return [mask_personal_numbers(text.replace("\r\n", "\n").replace("\r", "\n")) for text in texts]


def predictions(reading: Reading) -> list[str]:
    return [json.dumps(dataclasses.asdict(item), ensure_ascii=False) for item in reading.judgements]


def score(reading: Reading, labels: Path, scorer: Path) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "predictions.jsonl")
        file.write_text("\n".join(predictions(reading)), encoding="utf-8")
        command = [sys.executable, str(scorer), str(labels), str(file)]
        answer = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    report: dict[str, object] = json.loads(answer.stdout)
    return report


def main(arguments: list[str]) -> None:
    paths = [Path(argument) for argument in arguments if argument != "--unread"]
    if len(paths) not in (1, 3):
        sys.exit(__doc__)
    begun = time.perf_counter()
    texts = page_texts(paths[0])
    extracted = time.perf_counter()
    reading = read_judgements(texts)
    read = time.perf_counter()
    if len(paths) == 1:
        lines = [f"p. {item.page}: {item.reason}\n{item.text}\n" for item in reading.unread]
        print("\n".join(lines if "--unread" in arguments else predictions(reading)))
        return
    figures = score(reading, paths[1], paths[2])
    figures["judgements"], figures["unread"] = len(reading.judgements), len(reading.unread)
    figures["pages_per_second"] = {
        "text and masking": round(len(texts) / (extracted - begun)),
        "reading": round(len(texts) / (read - extracted)),
    }
    print(json.dumps(figures, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
