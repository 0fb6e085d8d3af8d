"""`keyage check`: judge access keys against the policy."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial

from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, UNREADABLE_EXIT, CannotWrite, Unreadable
from checker.evaluate import AccountResult, evaluate, needs_attention
from checker.reports.run import Run, make
from checker.scan.check_options import Options
from checker.scan.gather import Interrupted
from checker.scan.open import Opened, open_source, refuse_contradictions
from checker.scan.saved import say_keys_ahead
from checker.shell.common import say
from checker.shell.loading import Checked, Loaded, in_repository, read_files
from checker.shell.outputs import Output, destination, parse_formats
from checker.shell.same_file import outputs_of, refuse_same


def run(options: Options) -> int:
    """Judge, report, and return the exit code; raises KeyageError."""
    refuse_contradictions(options)
    outputs = parse_formats(options.formats, options.show)
    _refuse_same(options, outputs)
    if options.from_aggregator:
        from checker.scan import aggregate

        return aggregate.run(options, options.from_aggregator, outputs)
    loaded = Checked(options.common).accepted()
    addresses, unread = _managed(options)
    say(f"error: {why}; the keys in it are shown without their Terraform address" for why in unread)
    opened = open_source(options, loaded, every_line=any(output.show_all for output in outputs))
    code = report(options, loaded, outputs, opened._replace(addresses={**opened.addresses, **addresses}))
    return UNREADABLE_EXIT if unread else code


def _managed(options: Options) -> tuple[Mapping[str, str], Sequence[str]]:
    """Where Terraform manages keys, by key id, and what is wrong with files that tell nothing; raises UsageError.

    No verdict depends on these files, so one that is broken keeps none back.
    """
    addresses: dict[str, str] = {}
    unread = []
    for path in options.terraform_state:
        from checker.sources.saved.terraform_state import managed_keys

        try:
            addresses = managed_keys([path]) | addresses
        except Unreadable as error:
            unread.append(str(error))
    return addresses, unread


def _refuse_same(options: Options, outputs: list[Output]) -> None:
    state = [(f"--state {options.state}", options.state)] if options.state else []
    saved = [(f"--terraform-state {path}", path) for path in options.terraform_state]
    read = [*read_files(options.common), (f"--from {options.saved}", options.saved), *saved]
    refuse_same([*state, *outputs_of((output.name, output.file) for output in outputs)], read)


def report(options: Options, loaded: Loaded, outputs: list[Output], opened: Opened) -> int:
    """Judge what a source reads, write every output, and return the exit code.

    Raises Interrupted after everything is written, if Ctrl-C ended the reading, and CannotWrite.
    """
    try:
        code = _report(options, loaded, outputs, opened)
    except Interrupted:
        with suppress(CannotWrite):  # Ctrl-C is what the exit code tells
            opened.keep()
        raise
    opened.keep()
    return code


def _report(options: Options, loaded: Loaded, outputs: list[Output], opened: Opened) -> int:
    unreadable = non_compliant = ahead = 0
    interrupted = None
    with ExitStack() as files:
        reports = []
        for output in outputs:
            stream = files.enter_context(destination(output.name, output.file))
            reports.append((output, make(output.name, _run(options, loaded, opened, output), stream)))
        try:
            for result in _results(options, loaded, outputs, opened):
                say((f"note: {note}" for note in result.notes), quiet=options.common.quiet)
                if result.reason is not None and result.id is None and opened.kind == "live":
                    # Nobody signed in: it concerns the whole run. A table at the same terminal says it below.
                    say([f"error: {result.reason}"] if not _at_terminal(outputs) else [])
                unreadable += result.reason is not None
                non_compliant += result.counts.non_compliant
                ahead += result.ahead
                for output, report in reports:
                    report.account(result if output.show_all else _attention(result, options, loaded))
        except Interrupted as reason:
            interrupted = reason
        say_keys_ahead(ahead, loaded.now, quiet=options.common.quiet)
        for _output, report in reports:
            report.end()
    if interrupted:
        raise interrupted
    if unreadable:
        return UNREADABLE_EXIT
    return FINDINGS_EXIT if non_compliant and not options.exit_zero else COMPLIANT_EXIT


def _at_terminal(outputs: list[Output]) -> bool:
    """Whether who reads standard error reads the table too."""
    tables = any(output.name == "table" and output.file is None for output in outputs)
    return tables and sys.stdout.isatty() and sys.stderr.isatty()


def _results(options: Options, loaded: Loaded, outputs: list[Output], opened: Opened) -> Iterable[AccountResult]:
    show_all = any(output.show_all for output in outputs)
    judge = partial(evaluate, loaded.policy.policy, now=loaded.now, show_all=show_all, warn=options.warn)
    return opened.results(partial(judge, addresses=opened.addresses))


def _attention(result: AccountResult, options: Options, loaded: Loaded) -> AccountResult:
    """The result with only the findings that need attention: another output may have wanted all."""
    soon = loaded.now + options.warn
    kept = [finding for finding in result.findings if needs_attention(finding.verdict, finding.due_date, soon)]
    return replace(result, findings=kept)


def _run(options: Options, loaded: Loaded, opened: Opened, output: Output) -> Run:
    on_terminal = output.file is None
    return Run(
        evaluated_at=loaded.now,
        policy_file=loaded.policy.file,
        policy_sha256=loaded.policy.sha256,
        source=opened.kind,
        exact=opened.exact,
        warn=options.warn,
        repository_path=in_repository(loaded.policy.file),
        written=loaded.policy.written,
        region=loaded.policy.deploy.region,
        skipped=opened.skipped,
        taken_at=opened.taken_at,
        verbose=options.verbose,
        color=options.color and on_terminal,
        width=options.width if on_terminal else None,
    )
