"""The two plots of the page, drawn by matplotlib, which only the extra `benchmark` installs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

OURS, OTHERS, NOTHING = "#1f6feb", "#9aa4af", "#d0d7de"
#: Commands that are named in the plot of growth; the others are drawn in grey.
NAMED = {
    "EAddUser": "#1f6feb",
    "EGetUserAliasList": "#2da44e",
    "EDeleteUser": "#cf222e",
    "EPostExportDomain": "#8250df",
}
DPI = 110


def draw(results: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """Draw what there are results for."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, drawn in (("comparison", comparison), ("growth", growth)):
        if part in results and results[part]["result"]["series"]:
            drawn(results[part]["result"]["series"], folder / f"{part}.png")


def comparison(series: Mapping[str, Any], path: Path) -> None:
    """Bars: the least time of one call of each."""
    least = {name: value * 1000 for name, value in series["least"].items()}
    names = sorted(least, key=lambda name: least[name], reverse=True)
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(names) + 1.2))
    colours = [OURS if name.startswith("E") else NOTHING if _is_bare(name) else OTHERS for name in names]
    bars = axes.barh(names, [least[name] for name in names], color=colours)
    axes.bar_label(bars, [f"{least[name]:.1f}" for name in names], padding=3)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlim(right=max(least.values()) * 2)
    axes.set_xlabel("milliseconds for one call, minimum, logarithmic (blue: this project; light: does nothing)")
    _finish(figure, axes, path)


def _is_bare(name: str) -> bool:
    return name.startswith(("/bin/", "python ", "php "))


def growth(series: Mapping[str, Any], path: Path) -> None:
    """Lines: the least time of each command by the number of users."""
    figure, axes = plt.subplots(figsize=(9, 5))
    highest = 0.0
    for name, least in sorted(series["least"].items(), key=lambda item: item[0] in NAMED):
        values = [value * 1000 for value in least]
        highest = max(highest, *values)
        named = name in NAMED
        style: dict[str, Any] = {"color": NAMED[name], "label": name, "linewidth": 2} if named else {"color": NOTHING}
        axes.plot(series["sizes"], values, marker="o", markersize=4, **style)
    axes.set_xscale("log")
    axes.set_xticks(series["sizes"], [f"{size:,}" for size in series["sizes"]])
    axes.set_ylim(0, highest * 1.15)
    axes.set_xlabel("users in the directory (grey: every other command)")
    axes.set_ylabel("milliseconds, minimum")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(NAMED), frameon=False)
    _finish(figure, axes, path)


def _finish(figure: Any, axes: Any, path: Path) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    # Without the date and the version of the program, the same results give the same file.
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    plt.close(figure)
