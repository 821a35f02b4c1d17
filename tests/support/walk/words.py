"""Words that would run if a page put them where they are code: in tags, attributes, scripts, addresses, templates."""

from __future__ import annotations

# Each calls alert, which the walk hears wherever it happens.
TAGS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
# Out of an attribute in either quotes, out of a script's JSON, and into a tag.
WORDS = f"\"'}}]</title></script></textarea>{TAGS}"
# For fields that take few characters.
SHORT = "\"'><img src=x onerror=alert(3)>"
HANDLER = '" autofocus onfocus="alert(4)" x="'
ADDRESS = "javascript:alert(5)//"
DRAWING = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='80' height='80' onload='alert(6)'><script>alert(7)</script>"
    "<a href='javascript:alert(8)'><circle cx='40' cy='40' r='30'/></a>"
    "<foreignObject><iframe src='javascript:alert(9)'/></foreignObject></svg>"
)
PAGE = (
    f"<h1>A page</h1>{WORDS}<iframe srcdoc='<script>parent.alert(10)</script>'></iframe>"
    "<form action='/hub/logout'><button autofocus onfocus='alert(11)'>Go</button></form>"
    "<meta http-equiv='refresh' content='0;url=/hub/logout'><object data='data:text/html,<script>alert(12)</script>'></object>"
    "<a href='javascript:alert(13)'>a link</a><base href='https://elsewhere.example/'>"
)
MARKDOWN = (
    f'# Notes {TAGS}\n\n[a link](javascript:alert(14)) ![x](x"onerror="alert(15))\n\n'
    "$\\href{javascript:alert(16)}{x}$ <details open ontoggle=alert(17)>\n"
)
