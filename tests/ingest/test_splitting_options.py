from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from ingest.splitting import NO_WISH, Wish
from ingest.splitting_options import takes_splitting

app = typer.Typer(rich_markup_mode=None)


@app.command()
@takes_splitting
def cut(name: str, *, splitting: Wish = NO_WISH, loud: bool = False) -> None:
    """Say what was asked for."""
    typer.echo(f"{name} {splitting.words()} {loud}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["notes"], "notes  False"),
        (["notes", "--chunk-tokens", "64", "--loud"], "notes --chunk-tokens 64 True"),
        (["notes", "--overlap", "0", "--strategy", "pages"], "notes --overlap 0 --strategy pages"),
    ],
)
def test_the_options_come_as_one_value(arguments: list[str], said: str) -> None:
    assert CliRunner().invoke(app, arguments).stdout.startswith(said)


@pytest.mark.parametrize("wrong", [["--strategy", "words"], ["--chunk-tokens", "many"]])
def test_a_wrong_value_is_a_usage_error_that_names_the_option(wrong: list[str]) -> None:
    result = CliRunner().invoke(app, ["notes", *wrong])

    assert result.exit_code == 2
    assert f"Invalid value for '{wrong[0]}'" in result.stderr
