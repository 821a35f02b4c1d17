"""What a terminal would still show of text that moves back over itself (progress bars)."""

from __future__ import annotations


def visible(text: str) -> str:
    """`text` without what a later carriage return or backspace in it overwrote."""
    if "\b" in text:
        text = _without_backspaces(text)
    if "\r" in text:
        text = "\n".join(map(_last_state, text.split("\n")))
    return text


def visible_chunk(text: str) -> str:
    """The same for a chunk of a stream: its first line may still overwrite one that was sent before."""
    if "\r" not in text:
        return text
    first, newline, rest = text.partition("\n")
    last = _last_state(first)
    if len(last) < len(first):
        first = "\r" + last
    return first + newline + visible(rest) if "\b" not in rest else first + newline + rest


def _last_state(line: str) -> str:
    # Carriage returns at the very end move the cursor only.
    end = len(line)
    while end and line[end - 1] == "\r":
        end -= 1
    return line[line.rfind("\r", 0, end) + 1 :]


def _without_backspaces(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)
