"""Formulas as MathML, which browsers show by themselves: there is no script, and nothing is loaded, to typeset them."""

from __future__ import annotations

import re
from typing import Any, cast

from markupsafe import escape

_LONGEST = 20_000  # characters of one formula
_DELIMITED = re.compile(r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|(?<![\\$])\$([^$]+?)\$|\\\((.+?)\\\)", re.DOTALL)
_NOT_NEEDED = re.compile(r"\\(?:label\{[^}]*\}|displaystyle|nonumber|notag)")
_STARRED = re.compile(r"\\(begin|end)\{(equation|displaymath|math|align|gather|multline)\*?\}")


def formula(latex: str, block: bool) -> str:
    """One formula, without what marks it as one; as it was written where it cannot be read."""
    latex = _NOT_NEEDED.sub("", latex).strip()
    if latex and len(latex) <= _LONGEST:
        try:
            from latex2mathml.converter import convert

            return str(convert(latex, display="block" if block else "inline"))
        except Exception:  # noqa: BLE001, S110 - a parser of whatever somebody wrote: it is shown as it is
            pass
    return f"<code>{escape(latex)}</code>"


def of_latex_output(latex: Any) -> str:
    """What a cell showed as LaTeX: formulas in it, and the words between them."""
    text = latex if isinstance(latex, str) else "".join(map(str, latex))
    if len(text) > _LONGEST or not _DELIMITED.search(text):
        return formula(_environment(text), block=True)
    shown, at = [], 0
    for found in _DELIMITED.finditer(text):
        shown.append(str(escape(text[at : found.start()])))
        body = next(part for part in found.groups() if part is not None)
        shown.append(formula(_environment(body), block=found[1] is not None or found[2] is not None))
        at = found.end()
    return f"<div>{''.join(shown)}{escape(text[at:])}</div>"


def _environment(latex: str) -> str:
    """Environments that only number or align lines, as one that is known everywhere."""

    def known(found: re.Match[str]) -> str:
        lines = found[2] in {"align", "gather", "multline"}
        return f"\\{found[1]}{{align*}}" if lines else ""

    return _STARRED.sub(known, latex)


def _exporter_kind() -> Any:
    import nbconvert
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

    exporter, template, highlight, by_type = (
        cast("Any", each)  # most of what is called of them has no types
        for each in (
            nbconvert.HTMLExporter,
            nbconvert.TemplateExporter,
            Highlight2HTML,
            WidgetsDataTypeFilter,
        )
    )

    class Renderer(IPythonRenderer):
        """Markdown whose formulas are MathML."""

        def block_math(self, body: str) -> str:
            return formula(_environment(body), block=True)

        def inline_math(self, body: str) -> str:
            return formula(_environment(body), block=False)

        def latex_environment(self, name: str, body: str) -> str:
            return formula(_environment(f"\\begin{{{name}}}{body}\\end{{{name}}}"), block=True)

    class PageExporter(exporter):  # type: ignore[misc, valid-type]
        """Pages without scripts, made in one go: the parent reads all of a page again to mend it, ten times as long."""

        def from_notebook_node(self, nb: Any, resources: Any = None, **how: Any) -> Any:
            language = nb.metadata.get("language_info", {})
            lexer = language.get("pygments_lexer", language.get("name", None))
            self.register_filter("highlight_code", highlight(pygments_lexer=lexer, parent=self))
            self.register_filter("filter_data_type", by_type(notebook_metadata={}, parent=self))
            made = template.from_notebook_node(self, nb, self._init_resources(resources), **how)
            # What the parent mends: pictures without words, and outputs that one cannot scroll by keyboard.
            html = re.sub(r"<img (?![^>]{0,300}\balt=)", '<img alt="" ', made[0])
            return html.replace('jp-OutputArea-output "', 'jp-OutputArea-output" tabindex="0"'), made[1]

        def _validate_preprocessor(self, *_: Any) -> None:
            """The parent checks all of a notebook against the schema, twelve times: a page has no need of that."""

        def default_filters(self) -> Any:
            yield from super().default_filters()
            yield ("markdown2html", _with_formulas)

    from jinja2 import pass_context

    @pass_context
    def _with_formulas(context: Any, source: str) -> str:
        cell = context.get("cell", {})
        renderer = Renderer(
            escape=False, attachments=cell.get("attachments", {}), embed_images=False, anchor_link_text="¶"
        )
        return str(MarkdownWithMath(renderer=renderer).render(source))

    return PageExporter


def __getattr__(name: str) -> Any:
    if name == "PageExporter":  # nbconvert is imported where something is rendered, and nowhere else
        kind = globals()["PageExporter"] = _exporter_kind()
        return kind
    raise AttributeError(name)
