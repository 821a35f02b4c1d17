"""Layers with their sizes, from the two halves in which an engine tells of them."""

from __future__ import annotations

from nightdesk.server.domain.environment import Layer
from nightdesk.server.domain.layers import layers_of


def test_steps_that_made_no_layer_are_passed_over() -> None:
    history = [("# debian.sh", 78), ("ENV A=1", 0), ("COPY x /", 5), ("USER 1000", 0), ("RUN make", 7)]
    assert layers_of(["a", "b", "c"], history) == [Layer("a", 78), Layer("b", 5), Layer("c", 7)]


def test_a_layer_without_bytes_is_where_its_step_is() -> None:
    history = [("ADD file", 78), ("WORKDIR /src", 0), ("ENV A=1", 0), ("RUN make", 7)]
    assert layers_of(["a", "b", "c"], history) == [Layer("a", 78), Layer("b", 0), Layer("c", 7)]


def test_no_more_layers_than_the_image_has() -> None:
    history = [("ADD file", 78), ("WORKDIR /home", 0), ("RUN true", 0), ("RUN make", 7)]
    assert [layer.bytes for layer in layers_of(["a", "b"], history)] == [78, 7]


def test_a_history_that_was_cut_off_keeps_the_newest_sizes() -> None:
    assert layers_of(["a", "b"], [("RUN make", 7)]) == [Layer("a", 0), Layer("b", 7)]
