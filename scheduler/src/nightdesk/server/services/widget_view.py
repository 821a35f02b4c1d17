"""What widgets stood at when a notebook was saved, as HTML that needs no script: what they said, not what they could do."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

_MOST = 2000  # widgets
_DEEPEST = 12
_BOXES = {"VBoxModel", "HBoxModel", "BoxModel", "GridBoxModel", "AccordionModel", "TabModel", "StackModel"}
_MARKUP = {"HTMLModel", "HTMLMathModel"}
_BARS = {"FloatProgressModel", "IntProgressModel"}
_PICTURE = "ImageModel"
_OUTPUT = "OutputModel"


def views_of(saved: Any) -> dict[str, str]:
    """HTML by the id of each model that something may show.

    Args:
        saved: the notebook's ``application/vnd.jupyter.widget-state+json``; whatever code wrote there.
    """
    state = saved.get("state") if isinstance(saved, dict) else None
    if not isinstance(state, dict):
        return {}
    models = dict(list(state.items())[:_MOST])
    return {name: f'<div class="widget">{_view(models, name, 0)}</div>' for name in models}


def _view(models: dict[str, Any], name: str, depth: int) -> Markup:
    model = models.get(name)
    if not isinstance(model, dict) or depth > _DEEPEST:
        return Markup("")
    kind, state = str(model.get("model_name", "")), model.get("state")
    state = state if isinstance(state, dict) else {}
    if kind in _BOXES:
        children = state.get("children")
        inner = [
            _view(models, child.removeprefix("IPY_MODEL_"), depth + 1)
            for child in (children if isinstance(children, list) else [])
            if isinstance(child, str)
        ]
        return Markup('<div class="{}">{}</div>').format(
            "row" if kind == "HBoxModel" else "column", Markup("").join(inner)
        )
    if kind == _OUTPUT:
        return _outputs(state)
    return _single(kind, state, model)


def _single(kind: str, state: dict[str, Any], model: dict[str, Any]) -> Markup:
    label = Markup("{} ").format(state["description"]) if state.get("description") else Markup("")
    if kind in _MARKUP:
        # As with any HTML that code showed: the page is in a sandbox, and its scripts stay dead.
        return label + Markup(str(state.get("value", "")))  # noqa: S704
    if kind in _BARS:
        low, high, value = (
            _number(state.get(key), usual) for key, usual in (("min", 0), ("max", 100), ("value", 0))
        )
        bar = Markup('<progress max="{}" value="{}"></progress>').format(
            max(high - low, 1e-9), max(value - low, 0)
        )
        return label + bar
    if kind == _PICTURE:
        return label + _picture(state, model)
    if isinstance(state.get("_options_labels"), list):
        return label + _choice(state)
    if kind == "CheckboxModel" or isinstance(state.get("value"), bool):
        return Markup("<label><input type=checkbox disabled{}> {}</label>").format(
            Markup(" checked") if state.get("value") else Markup(""), state.get("description", "")
        )
    value = state.get("value", "" if label else kind.removesuffix("Model"))
    shown = " to ".join(map(str, value)) if isinstance(value, list) else str(value)
    return label + Markup("<span>{}</span>").format(shown[:5000])


def _choice(state: dict[str, Any]) -> Markup:
    labels = [str(each) for each in state["_options_labels"]]
    chosen = state.get("index")
    places = chosen if isinstance(chosen, list) else [chosen]
    picked = [labels[at] for at in places if isinstance(at, int) and 0 <= at < len(labels)]
    return Markup("<strong>{}</strong> <small>of {}</small>").format(
        ", ".join(picked) or "nothing", ", ".join(labels)[:500]
    )


def _picture(state: dict[str, Any], model: dict[str, Any]) -> Markup:
    form = str(state.get("format", "png"))
    for buffer in model.get("buffers") or ():
        if (
            isinstance(buffer, dict)
            and buffer.get("path") == ["value"]
            and buffer.get("encoding") == "base64"
        ):
            return Markup('<img alt="" src="data:image/{};base64,{}">').format(
                form, str(buffer.get("data", ""))
            )
    return Markup("")


def _outputs(state: dict[str, Any]) -> Markup:
    shown = []
    for output in state.get("outputs") or ():
        if not isinstance(output, dict):
            continue
        found = output.get("data")
        data: dict[str, Any] = found if isinstance(found, dict) else {}
        if "text" in output:
            shown.append(Markup("<pre>{}</pre>").format(_text(output["text"])))
        elif "text/html" in data:
            shown.append(Markup(_text(data["text/html"])))  # noqa: S704 - in a sandbox, as above
        elif "image/png" in data:
            shown.append(
                Markup('<img alt="" src="data:image/png;base64,{}">').format(_text(data["image/png"]))
            )
        elif "text/plain" in data:
            shown.append(Markup("<pre>{}</pre>").format(_text(data["text/plain"])))
    return Markup("").join(shown)


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _number(value: Any, usual: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else usual
