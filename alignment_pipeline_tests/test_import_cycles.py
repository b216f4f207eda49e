"""No module and no package of the product is part of an import cycle, the sandbox included."""

from __future__ import annotations

import grimp


def cycles(graph: grimp.ImportGraph, package: str) -> dict[str, set[tuple[str, str]]]:
    """Package -> the imports between its children that close a cycle."""
    packages = [name for name in sorted(graph.modules) if name.split(".")[0] == package and graph.find_children(name)]
    found = {name: set(graph.nominate_cycle_breakers(name)) for name in packages}
    return {name: breakers for name, breakers in found.items() if breakers}


def test_the_package_is_free_of_import_cycles() -> None:
    graph = grimp.build_graph("alignment_pipeline", cache_dir=None)

    assert cycles(graph, "alignment_pipeline") == {}


def test_a_cycle_between_two_packages_is_seen_though_no_two_modules_import_each_other() -> None:
    graph = grimp.ImportGraph()
    for name in ("a", "a.one", "a.one.x", "a.one.y", "a.two", "a.two.z"):
        graph.add_module(name)
    graph.add_import(importer="a.one.x", imported="a.two.z")
    graph.add_import(importer="a.two.z", imported="a.one.y")

    assert list(cycles(graph, "a")) == ["a"]
