"""pluggy is the contract: a hook that is called without it does what pluggy would have had it do.

Plugins are made up, every way of writing a hook that pluggy knows among them, and each is called twice: by the SDK, and
by a plugin manager that is set up as pluggy's documentation says.
"""

import functools
import sys
from collections.abc import Callable, Generator
from typing import Any, NamedTuple
from unittest.mock import patch

import pluggy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailaddon import Backend, BackendUnusable, NotFound, NotSupported, _loading, hookimpl
from mailaddon._loading import LoadedBackend
from mailaddon.records import UserRef

HOOK = "get_user_alias_list"
REQUEST = UserRef(domain="xyz.com", user="u1")
FOREIGN = pluggy.HookimplMarker("mailaddon")
Log = list[tuple[str, Any]]


class Refused(BaseException):
    """What no hook of this project raises."""


#: What a hook does in the end: return this, or raise it.
ENDS = (["a11"], [], None, "a text", NotFound("no such user"), ValueError("x"), Refused("y"), KeyboardInterrupt())


class Hook(NamedTuple):
    """One method of a plugin that is made up."""

    name: str
    shape: str
    end: object
    options: dict[str, Any]
    foreign: bool


def _end(log: Log, label: str, seen: object, end: object) -> Any:
    log.append((label, seen))
    if isinstance(end, BaseException):
        raise end
    return end


def _function(hook: Hook, log: Log) -> Callable[..., Any]:
    """A function of the hook's shape, which notes what it gets."""
    end = functools.partial(_end, log, hook.name)

    def takes_it(self: object, request: object) -> Any:  # noqa: ARG001
        return end(request, hook.end)

    def takes_nothing(self: object) -> Any:  # noqa: ARG001
        return end("nothing", hook.end)

    def has_a_default(self: object, request: object = "default") -> Any:  # noqa: ARG001
        return end(request, hook.end)

    def by_keyword(self: object, *, request: object = "default") -> Any:  # noqa: ARG001
        return end(request, hook.end)

    def by_position(self: object, request: object, /) -> Any:  # noqa: ARG001
        return end(request, hook.end)

    def anything(*arguments: object) -> Any:
        return end(arguments[1:], hook.end)

    def another_argument(self: object, domain: str) -> Any:  # noqa: ARG001
        return end(domain, hook.end)

    @functools.wraps(takes_it)
    def wrapped(*arguments: object, **named: object) -> Any:
        log.append(("wrapped", (arguments[1:], named)))
        return takes_it(*arguments, **named)  # type: ignore[arg-type]

    def around(self: object, request: object) -> Generator[None, Any, Any]:  # noqa: ARG001
        log.append((hook.name, "before"))
        result = yield
        log.append((hook.name, result if isinstance(result, list | str) else type(result).__name__))
        return end(request, hook.end if hook.end is not None else result)

    shapes: dict[str, Callable[..., Any]] = {
        "takes_it": takes_it,
        "takes_nothing": takes_nothing,
        "has_a_default": has_a_default,
        "by_keyword": by_keyword,
        "by_position": by_position,
        "anything": anything,
        "another_argument": another_argument,
        "wrapped": wrapped,
        "around": around,
    }
    return shapes[hook.shape]


def plugin_of(hooks: list[Hook], log: Log, *, static: bool = False) -> object:
    """A plugin with these methods, as a fresh class."""
    members: dict[str, Any] = {}
    for hook in hooks:
        marker = FOREIGN if hook.foreign else hookimpl
        marked = marker(**hook.options)(_function(hook, log))
        members[hook.name] = classmethod(marked) if static else marked
    return type("MadeUp", (), members)()


def outcome(call: Callable[[], object]) -> tuple[str, object]:
    """What a call returned, or what it raised."""
    try:
        return "returned", call()
    except pluggy.PluginValidationError:
        return "raised", BackendUnusable
    except BackendUnusable:
        return "raised", BackendUnusable
    except BaseException as error:  # noqa: BLE001 - whatever it is, it has to be the same
        return "raised", (type(error), str(error))


def by_pluggy(*plugins: object) -> object:
    """What pluggy makes of a call."""
    manager = pluggy.PluginManager("mailaddon")
    manager.add_hookspecs(Backend)
    for plugin in plugins:
        manager.register(plugin)
    manager.check_pending()
    return getattr(manager.hook, HOOK)(request=REQUEST)


flags = st.fixed_dictionaries({}, optional={"tryfirst": st.booleans(), "trylast": st.booleans()})
plain = st.sampled_from(["takes_it", "takes_nothing", "by_position", "anything"])
shapes = plain | st.sampled_from(["has_a_default", "by_keyword", "another_argument", "wrapped"])


@st.composite
def hooks(draw: st.DrawFn, name: str, shape: st.SearchStrategy[str] = shapes) -> Hook:
    """A method that implements the hook, under its own name or another."""
    options = draw(flags)
    chosen = draw(shape)
    if name != HOOK:
        options["specname"] = HOOK
    if draw(st.integers(0, 3)) == 0:
        options["wrapper"] = True
        chosen = "around"
    return Hook(name, chosen, draw(st.sampled_from(ENDS)), options, draw(st.booleans()))


@given(
    method=hooks(HOOK) | hooks("their_own_name"),
    other=st.none() | hooks("a_second_one"),
    static=st.booleans(),
    pluggy_is_loaded=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_one_plugin_behaves_as_pluggy_has_it(
    method: Hook, other: Hook | None, *, static: bool, pluggy_is_loaded: bool
) -> None:
    written = [method, *([other] if other else [])]
    expected_log: Log = []
    expected = outcome(lambda: by_pluggy(plugin_of(written, expected_log, static=static)))
    log: Log = []
    backend = LoadedBackend("made-up", "", plugin_of(written, log, static=static))
    loaded = dict(sys.modules)
    if not pluggy_is_loaded and not any(hook.foreign for hook in written):
        loaded.pop("pluggy")
    with patch.dict(sys.modules, loaded, clear=True):
        found = outcome(lambda: backend.call(HOOK, REQUEST))
    assert (found, log) == (expected, expected_log)


@given(own=hooks(HOOK), others=st.lists(hooks(HOOK) | hooks("their_own_name"), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_several_plugins_behave_as_pluggy_has_it(own: Hook, others: list[Hook]) -> None:
    expected_log: Log = []
    log: Log = []
    expected = outcome(lambda: by_pluggy(*[plugin_of([hook], expected_log) for hook in (own, *others)]))
    plugins = [plugin_of([hook], log) for hook in (own, *others)]
    assert outcome(lambda: LoadedBackend("made-up", "", plugins[0], plugins[1:]).call(HOOK, REQUEST)) == expected
    assert log == expected_log


@given(method=hooks(HOOK, plain).filter(lambda hook: hook.shape != "around"))
@settings(max_examples=50, deadline=None)
def test_an_ordinary_hook_is_called_without_pluggy(method: Hook) -> None:
    log: Log = []
    backend = LoadedBackend("made-up", "", plugin_of([method], log))
    with patch.object(_loading, "_managed", side_effect=AssertionError("pluggy was asked")):
        assert "pluggy was asked" not in str(outcome(lambda: backend.call(HOOK, REQUEST)))
    assert len(log) == 1


@pytest.mark.parametrize("shape", ["has_a_default", "by_keyword", "wrapped", "another_argument"])
def test_what_is_not_ordinary_is_left_to_pluggy(shape: str) -> None:
    backend = LoadedBackend("made-up", "", plugin_of([Hook(HOOK, shape, [], {}, foreign=False)], []))
    with patch.object(_loading, "_managed", side_effect=BackendUnusable("pluggy was asked")):
        asked = outcome(lambda: backend.call(HOOK, REQUEST))
    assert (asked == ("raised", BackendUnusable)) == (shape != "by_keyword")


def test_a_hook_that_is_not_there_is_not_supported() -> None:
    unmarked = type("Unmarked", (), {HOOK: lambda self: [], "_other": 7})()  # noqa: ARG005
    for plugin in (object(), unmarked, plugin_of([Hook("other", "takes_it", [], {"optionalhook": True}, False)], [])):
        backend = LoadedBackend("made-up", "", plugin)
        assert not backend.supports(HOOK)
        with pytest.raises(NotSupported):
            backend.call(HOOK, REQUEST)
