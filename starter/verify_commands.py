"""`duly verify`: whether the evidence of a case holds. It knows no setting, network, database or secret."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from domain.verifying import Finding


def verify(
    bundle: Annotated[Path, typer.Argument(help="The file of evidence.", exists=True, dir_okay=False, readable=True)],
    key: Annotated[
        str, typer.Option(help="The fingerprint of the key, as the school publishes it: 64 hexadecimal digits.")
    ] = "",
) -> None:
    """Check the evidence of a case, and say each finding in a sentence; exit 1 where anything does not hold.

    Without --key it can be found intact, but not by whom it was made: that is exit 1 too.
    """
    from starter.evidence import MOST_BYTES, BundleRefusedError, unpacked

    fingerprint = _fingerprint(key) if key else None
    try:
        with bundle.open("rb") as file:
            files = unpacked(file.read(MOST_BYTES + 1))
    except BundleRefusedError as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(1) from None
    _say(_found(files, fingerprint))


def _found(files: dict[str, bytes], fingerprint: str | None) -> "tuple[Finding, ...]":
    from domain.verifying import findings
    from store.signing import is_signed

    return findings(files, is_signed, fingerprint)


def _say(found: "tuple[Finding, ...]") -> None:
    from domain.verifying import SIGNER

    for one in found:
        typer.echo(f"{'holds' if one.holds else 'open ' if one.check == SIGNER else 'WRONG'}  {one.sentence}")
    wrong = [one.check for one in found if not one.holds]
    if not wrong:
        typer.echo("The evidence holds.")
        return
    if wrong == [SIGNER]:
        typer.echo("Intact, signer not checked: give --key with the fingerprint that the school publishes.")
    else:
        typer.echo("The evidence does not hold.")
    raise typer.Exit(1)


def _fingerprint(text: str) -> str:
    digits = re.sub(r"[\s:-]", "", text).lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits) is None:
        typer.echo("--key should be the whole fingerprint: 64 hexadecimal digits, spaces do not matter.", err=True)
        raise typer.Exit(2)
    return digits
