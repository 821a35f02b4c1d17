"""The texts that give a secret away: itself, and what escaping and encoding make of it.

Imported once there is a secret; most runs have none.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Characters of the shortest secret that is masked: a shorter one would be found all over a page."""
LINE = 12
"""Characters of the shortest line of a key of several lines that counts as a secret of its own."""


def forms_of(secret: str) -> set[str]:
    """Every form, also of the lines of a key: whoever shows one shows it with an indent or a number before each."""
    secret = secret.strip("\r\n")
    if len(secret) < SHORTEST:
        return set()
    found = {*_forms(secret), *_lines(secret)}
    return {form for form in found if len(form) >= SHORTEST}


def _lines(secret: str) -> list[str]:
    lines = [line.strip() for line in secret.splitlines()]
    return [line for line in lines if len(line) >= LINE and not line.startswith("-----")]


def _forms(secret: str) -> set[str]:
    encoded = secret.encode("utf-8", "surrogatepass")
    found = {secret, *_escaped(secret, encoded), *_in_addresses(encoded)}
    for quoted in (secret, json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]):
        found |= _in_pages(quoted) | _in_papers(quoted)
    found |= {encoded.hex(), encoded.hex().upper(), encoded.hex(" ")}  # with spaces is how R shows bytes
    for offset in range(3):
        found |= _in_base64(encoded, offset)
    return found


def _escaped(secret: str, encoded: bytes) -> set[str]:
    """As text of a program or a data format: JSON, Python, R."""
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(secret)[1:-1]
    found = {plain, ascii_only, plain.replace("/", "\\/"), ascii_only.replace("/", "\\/")}
    found |= {repr(secret)[1:-1], ascii(secret)[1:-1], repr(encoded)[2:-1]}
    found |= {_escape(plain, _IN_SCRIPTS), _escape(ascii_only, _IN_SCRIPTS)}
    # Quoted with the other quotation mark, and a text in a text: JSON that stands in JSON.
    found |= {repr(secret + '"')[1:-2], repr(secret + "'\"")[1:-4].replace("\\'", "'")}
    return found | {json.dumps(each)[1:-1] for each in (secret, plain, ascii_only)}


def _in_addresses(encoded: bytes) -> set[str]:
    found: set[str] = {quote_plus(encoded)}
    for kept in ("", "/", " +", "!'()*~", "-._~!$&'()*+,;=:@", "-._~!$&'()*+,;=:@/"):
        found.add(quote(encoded, safe=kept))
    return found | {_in_lower_case(form) for form in found}


def _in_lower_case(form: str) -> str:
    """`%2f` for `%2F`; what is no escape stays as it is."""
    first, *rest = form.split("%")
    return "".join([first, *("%" + each[:2].lower() + each[2:] for each in rest)])


_IN_SCRIPTS = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"}
_IN_PAGES = {"<": "&lt;", ">": "&gt;"}


def _in_pages(secret: str) -> set[str]:
    escaped = _escape(secret.replace("&", "&amp;"), _IN_PAGES)
    quoted = escaped.replace('"', "&quot;")
    apostrophes = ("'", "&#39;", "&#x27;", "&apos;")
    found = {each.replace("'", apostrophe) for each in (escaped, quoted) for apostrophe in apostrophes}
    return found | {quoted.replace("'", "&#39;").replace("&quot;", "&#34;")}


# What R makes of a table for LaTeX, and what pandas does.
_IN_PAPERS = {character: f"\\{character}" for character in "&%$#_{}"}
_OF_R = {"~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "\\": "\\textbackslash{}"}
_OF_R.update({**_IN_PAPERS, "[": "{[}", "]": "{]}", "|": "\\textbar{}"})
_OF_PANDAS = {"~": "\\textasciitilde ", "^": "\\textasciicircum ", "\\": "\\textbackslash ", **_IN_PAPERS}


def _in_papers(secret: str) -> set[str]:
    return {"".join(map(escapes.get, secret, secret)) for escapes in (_OF_R, _OF_PANDAS)}


def _escape(text: str, escapes: dict[str, str]) -> str:
    for character, escape in escapes.items():
        text = text.replace(character, escape)
    return text


def _in_base64(encoded: bytes, offset: int) -> set[str]:
    """What stands in the base64 of any text that has the secret after `offset` more than a multiple of 3 bytes.

    Characters at the border, which hold bits of the neighbours, are left out.
    """
    text = base64.b64encode(bytes(offset) + encoded).decode("ascii").rstrip("=")
    begin = (offset * 8 + 5) // 6
    whole = text[begin : (offset + len(encoded)) * 8 // 6]
    return {whole, whole.replace("+", "-").replace("/", "_")}
