"""Calls from a table that people have: a CSV file whose columns are mapped to the arguments of one command.

A column that is called like an argument, by the guide's name or the field's, is that argument. Others are mapped:
`E-mail=UserName@DomainName` takes an address apart, `Given name=FirstName` takes a column as it is, and constants stand
for what the table does not have.
"""

import csv
import io
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

from .._arguments import accepted, form, operation_named, positional, validated
from ..errors import InvalidArgument, MailAddonError, UsageError
from ..operations.model import Operation, Parameter
from ..values import shown
from ._batch_calls import MAX_LINE, Call


class Table:
    """Calls from CSV.

    Args:
        file: the input.
        command: what each row is an argument list of.
        columns: `HEADING=ARGUMENT` or `HEADING=ARGUMENT@ARGUMENT`.
        constants: `ARGUMENT=VALUE`.
        delimiter: between cells.
        encoding: of the file.

    Attributes:
        unused: the numbers of the columns that are no argument, from 1. Headings are not repeated: where somebody has
            forgotten them, the first line has a password.

    Raises:
        UsageError: the heading or the mapping does not fit.
    """

    def __init__(
        self,
        file: IO[bytes],
        command: str,
        columns: Sequence[str] = (),
        constants: Sequence[str] = (),
        delimiter: str = ",",
        encoding: str = "utf-8-sig",
    ) -> None:
        self._operation = operation_named(command)
        self._encoding = encoding
        self._lines = _Lines(file, encoding)
        csv.field_size_limit(MAX_LINE)
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self._constants = dict(_constant(self._operation, text) for text in constants)
        try:
            self._headings = next(self._reader)
        except StopIteration:
            raise UsageError("the table is empty; its first line has the headings") from None
        except (csv.Error, UnicodeError) as error:
            raise UsageError(f"line 1, with the headings, cannot be read: {error}") from None
        self._targets = self._mapped(columns)
        self._form = form(self._operation, dict.fromkeys([*self._filled(), *self._constants]))
        self._check()
        self.unused = [number for number, target in enumerate(self._targets, 1) if not target]
        self._taken = 0

    def ready(self) -> bool:
        """A table is read as it comes."""
        return True

    def _mapped(self, columns: Sequence[str]) -> list[list[Parameter]]:
        """For each column, the arguments that it has, with @ between them."""
        names = [heading.strip().lower() for heading in self._headings]
        twice = {name for name in names if name and names.count(name) > 1}
        targets: list[list[Parameter]] = [[] for _ in names]
        for text in columns:
            heading, _, wanted = text.rpartition("=")
            name = heading.strip().lower()
            if name not in names or not name or name in twice:
                found = "two columns have" if name in twice else "no column has"
                raise UsageError(f"{found} the heading {shown(heading)} in the first line of the table")
            targets[names.index(name)] = [_parameter(self._operation, part) for part in wanted.split("@")]
        mapped = {parameter.field for target in targets for parameter in target} | set(self._constants)
        for position, name in enumerate(names):
            known = None if targets[position] else _find(self._operation, name)
            if known is not None and known.field not in mapped:
                if name in twice:
                    raise UsageError(f"two columns have the heading {shown(known.name)}")
                targets[position] = [known]
        return targets

    def _filled(self) -> list[str]:
        return [parameter.field for target in self._targets for parameter in target]

    def _check(self) -> None:
        """Make sure that every argument comes from one place."""
        filled = [*self._filled(), *self._constants]
        for parameter in accepted(self._operation):
            if filled.count(parameter.field) > 1:
                raise UsageError(f"{parameter.name} has two values: columns and constants give it more than once")
        missing = [parameter.name for parameter in self._form if parameter.field not in filled]
        if missing:
            raise UsageError(
                f"{', '.join(missing)} missing: the first line of the table names the columns; --column"
                f" HEADING={missing[0]} says what else a column is, and --set gives one value for all"
            )

    def __iter__(self) -> Iterator[Call]:
        """Every row."""
        check = zlib.crc32("\0".join(self._headings).encode("utf-8", "surrogateescape"))
        while True:
            line = self._reader.line_num + 1
            row: list[str] = []
            error: MailAddonError | None = None
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as found:
                error = UsageError(f"the line is not CSV that can be read: {found}")
            except UnicodeError:
                raise UsageError(f"line {line} is not {self._encoding}; --encoding names another one") from None
            check = zlib.crc32("\0".join(row).encode("utf-8", "surrogateescape"), check)
            octets, self._taken = self._lines.octets - self._taken, self._lines.octets
            call = Call(line, octets, check, blank=not error and not any(cell.strip() for cell in row))
            call.answer["command"] = self._operation.command
            if not call.blank:
                self._interpret(call, row, error)
            yield call

    def _interpret(self, call: Call, row: list[str], error: MailAddonError | None) -> None:
        try:
            if error is not None:
                raise error
            if len(row) != len(self._headings):
                raise UsageError(f"the row has {len(row)} cells, the heading has {len(self._headings)}")
            texts = dict(self._constants)
            for heading, cell, target in zip(self._headings, row, self._targets, strict=True):
                call.columns |= {parameter.name: heading for parameter in target}
                texts |= self._parts(cell, target)
            call.fields = validated(self._operation, positional(self._operation, texts))
            call.operation = self._operation
        except MailAddonError as refusal:
            column = call.columns.get(refusal.parameter)
            if column is not None:
                refusal.message = f"column {shown(column)}: {refusal.message}"
            call.answer = call.refuse(refusal)

    def _parts(self, cell: str, target: list[Parameter]) -> dict[str, str]:
        if target and any("\ud800" <= character <= "\udfff" for character in cell):
            raise InvalidArgument(f"the text is not {self._encoding}", parameter=target[0].name)
        parts = cell.strip().split("@") if len(target) > 1 else [cell]
        if target and len(parts) != len(target):
            wanted = "@".join(parameter.name for parameter in target)
            raise InvalidArgument(f"the cell is not {wanted}", parameter=target[0].name)
        return {parameter.field: part for parameter, part in zip(target, parts, strict=False)}


class _Lines:
    """The lines of a text, and how many octets they have had so far."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        # What is not in the encoding is kept as it is, so that the refusal can say in which column it is.
        self._text = io.TextIOWrapper(file, encoding, errors="surrogateescape", newline="")
        self._encoding = encoding.removesuffix("-sig")
        self.octets = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.octets += len(line.encode(self._encoding, "surrogateescape"))
        return line


def _find(operation: Operation, name: str) -> Parameter | None:
    name = name.strip().lower()
    return next((one for one in accepted(operation) if name in {one.name.lower(), one.field}), None)


def _parameter(operation: Operation, name: str) -> Parameter:
    found = _find(operation, name)
    if found is None:
        raise UsageError(f"{operation.command} has no argument {shown(name)}; usage: {operation.usage}")
    return found


def _constant(operation: Operation, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError("--set needs ARGUMENT=VALUE")
    parameter = _parameter(operation, name)
    if parameter.kind.secret and value:
        raise UsageError(f"{parameter.name} comes from a column: others see what is given as an option")
    try:
        parameter.parse(value)
    except InvalidArgument as error:
        raise UsageError(f"--set {error}") from None
    return parameter.field, value
