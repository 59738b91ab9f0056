"""Looks up what a span's attributes mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from agent.entrypoints.web.otlp import values
from agent.entrypoints.web.otlp.dialects import GENERATIONS, REGISTRIES, SOURCES, Field, Source
from agent.entrypoints.web.otlp.wire import Attributes

_RANKS = {source: rank for rank, source in enumerate(SOURCES)}
_PLACES: Mapping[str, Sequence[Source]] = {
    name: [source for source in SOURCES if source.attribute == name] for name in {s.attribute for s in SOURCES}
}
_PREFIXES = tuple(name for name in _PLACES if name.endswith("."))
_WHOLE = {name: places for name, places in _PLACES.items() if name not in _PREFIXES}


class Meaning:
    """The attributes of one span by what they mean."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._maps: dict[str, Mapping[str, Any] | None] = {}
        self._groups: dict[str, dict[str, Any]] = {}
        self._found: dict[Field, list[Source]] = {}
        # A span has some twenty attributes, the table three times as many places: what is there is looked up.
        for name, value in attributes.items():
            if value is None:
                continue
            for source in _WHOLE.get(name, ()):
                self._found.setdefault(source.field, []).append(source)
            if name.startswith(_PREFIXES):
                self._sort(name, value)
        for found in self._found.values():
            found.sort(key=_RANKS.__getitem__)

    def places(self, field: Field) -> Sequence[Source]:
        """Where the span may say something of a field, in order of precedence."""
        return self._found.get(field, ())

    def find(self, field: Field) -> Any:
        """What the span says of a field, from the place that comes first; None where nothing does."""
        for source in self.places(field):
            said = self.at(source)
            if said is not None:
                return said
        return None

    def where(self, field: Field) -> Source | None:
        """The place that comes first among those that hold a value."""
        return next((source for source in self.places(field) if self.at(source) is not None), None)

    def beside(self, known: Source, field: Field) -> Any:
        """What the span says of a field in the convention of a known place, else in any that is no other registry."""
        said = [
            (source.dialect != known.dialect, value)
            for source in self.places(field)
            if source.dialect == known.dialect or source.dialect not in REGISTRIES
            if (value := self.at(source)) is not None
        ]
        return min(said, key=lambda one: one[0])[1] if said else None

    def at(self, source: Source) -> Any:
        """What stands in one place; a prefix gives a dict by what follows it."""
        name = source.attribute
        if name in self._groups:
            return self._groups[name]
        said = self._attributes[name]
        if source.part:
            said = (self._map(name) or {}).get(source.part)
        return None if said is None else source.read(said)

    @property
    def generation(self) -> bool:
        """Whether the span is one call of a language model.

        Where no attribute says what kind it is, one that names a model is; so frameworks that hand a prompt's name on
        to every span below do not make a trace of each of them.
        """
        for source in self.places("kind"):
            return str(self._attributes[source.attribute]) in GENERATIONS[source.attribute]
        return self.find("model") is not None or self._attributes.get("promptkeeper.output") is not None

    def _map(self, name: str) -> Mapping[str, Any] | None:
        if name not in self._maps:
            self._maps[name] = values.mapping(self._attributes[name])
        return self._maps[name]

    def _sort(self, name: str, value: Any) -> None:
        for prefix in _PREFIXES:
            if name.startswith(prefix) and name != prefix:
                if prefix not in self._groups:
                    self._groups[prefix] = {}
                    for source in _PLACES[prefix]:
                        self._found.setdefault(source.field, []).append(source)
                self._groups[prefix][name[len(prefix) :]] = value
