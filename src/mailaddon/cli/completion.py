"""`mailaddon completion`: the script that teaches a shell to complete the command."""

import click
from click.shell_completion import get_completion_class

from ._output import write


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    r"""Print the completion script for SHELL.

    \b
    bash:  mailaddon completion bash > /etc/bash_completion.d/mailaddon
    zsh:   mailaddon completion zsh > "${fpath[1]}/_mailaddon"
    fish:  mailaddon completion fish > ~/.config/fish/completions/mailaddon.fish
    """
    made = get_completion_class(shell)
    assert made is not None, "click knows these shells"
    program = click.get_current_context().find_root()
    write(made(program.command, {}, "mailaddon", "_MAILADDON_COMPLETE").source() + "\n")
