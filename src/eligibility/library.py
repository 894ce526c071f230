"""Rule text, files and folders go in; compiled trials come out, found again by their IDs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from eligibility import cache, rules
from eligibility.codec import Foreign
from eligibility.errors import Diagnostic, RuleError, UsageError, did_you_mean, excerpt, nearest
from eligibility.files import bundled
from eligibility.formulas import Formula, keep_formulas, prove_formulas, proved_formulas
from eligibility.instants import Duration
from eligibility.saved_rules import rules_codec
from eligibility.source import Source
from eligibility.vocabulary import Vocabulary, bundled_vocabulary

if TYPE_CHECKING:
    from eligibility import nodes

SUFFIX = ".elig"
LARGEST_FILE = 1_000_000  # bytes; the reader of text has its own, smaller limit, which it reports with a place


@dataclass(frozen=True)
class Trial:
    """A compiled trial: its criteria as checked rules. Made by `compile_trial` or `load_trials`.

    `values` is how old a current value may be in this trial, where its header says so; `warnings` are diagnostics that do
    not stand in the way.
    """

    id: str
    title: str
    criteria: tuple[rules.Criterion, ...]
    registry: str | None = None
    values: Duration | None = None
    warnings: tuple[Diagnostic, ...] = ()
    source: Source = field(default_factory=lambda: Source(""), repr=False, compare=False)
    vocabulary: Vocabulary = field(default_factory=bundled_vocabulary, repr=False, compare=False)

    def __iter__(self) -> Iterator[rules.Criterion]:
        return iter(self.criteria)


def diagnose(
    text: str, *, vocabulary: Vocabulary | None = None, name: str | None = None
) -> tuple[Trial | None, tuple[Diagnostic, ...]]:
    """Compile a trial, and return every diagnostic, warnings included, in the order of the text; never raises for bad
    text. The trial is None where an error stands in the way."""
    checked = check_text(text, vocabulary=vocabulary, name=name)
    return checked.trial, checked.diagnostics


@dataclass(frozen=True)
class CheckedText:
    """A rule text with all that is known of it: the trial where it compiles, the tree as far as it can be read."""

    trial: Trial | None
    diagnostics: tuple[Diagnostic, ...]
    tree: nodes.TrialFile | None


def check_text(text: str, *, vocabulary: Vocabulary | None = None, name: str | None = None) -> CheckedText:
    """Like `diagnose`, and keep the tree: for fixes, and for editors."""
    from eligibility.checker import check_trial  # only where text must be read: a kept trial needs no parser
    from eligibility.parser import parse_trial

    words = vocabulary or bundled_vocabulary()
    if vocabulary is not None and vocabulary is not bundled_vocabulary():
        prove_formulas(words)
    tree, diagnostics = parse_trial(text, words, name or "<text>")
    if tree is None:
        return CheckedText(None, tuple(diagnostics), None)
    checked = check_trial(tree, words)
    found = sorted([*diagnostics, *checked.diagnostics], key=lambda diagnostic: diagnostic.span.start)
    if len(found) > 1:  # that a trial has no criteria follows from what is wrong with them
        found = [diagnostic for diagnostic in found if diagnostic.code != "E306"]
    second = next((item.span.start for item in found if item.code == "E124" and "second trial" in item.message), None)
    if second is not None:  # its sections and criteria are no twins of the first one's
        found = [item for item in found if item.code not in ("E302", "E303") or item.span.start < second]
    if any(diagnostic.severity == "error" for diagnostic in found):
        return CheckedText(None, tuple(found), tree)
    warnings = tuple(found)
    trial = Trial(tree.id, tree.title, checked.criteria, tree.registry, checked.values, warnings, tree.source, words)
    return CheckedText(trial, warnings, tree)


def compile_trial(text: str, *, vocabulary: Vocabulary | None = None, name: str | None = None) -> Trial:
    """Compile the text of one trial file.

    `name` stands for the text in diagnostics (a file name). Names are looked up in `vocabulary`, the bundled one if none
    is given. Raises RuleError with every Diagnostic of the text, and VocabularyError where a formula of a vocabulary that was
    brought does not hold; a compiled trial never raises when it is evaluated.
    """
    trial, diagnostics = diagnose(text, vocabulary=vocabulary, name=name)
    if trial is None:
        raise RuleError([diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"])
    return trial


def read_rule_text(path: Path) -> str:
    """The text of a rule file. Raises UsageError where it cannot be read, is too large, or is no UTF-8."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{path.name}: larger than {LARGEST_FILE // 1_000_000} MB, which is no trial file")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path.name}: not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"{path.name}: cannot be read: {error.strerror or 'no such file'}") from None


def rule_files(path: Path) -> list[Path]:
    """The rule files of a folder (sorted), or the one file. Raises UsageError where there are none."""
    if path.is_dir():
        files = sorted(path.glob(f"*{SUFFIX}"))
        if not files:
            raise UsageError(f"{path.name or path}: no {SUFFIX} files in this folder")
        return files
    if not path.exists():
        raise UsageError(f"{path.name}: no such file or folder")
    return [path]


def load_trials(path: str | Path | None = None, *, vocabulary: Vocabulary | None = None) -> tuple[Trial, ...]:
    """The trials of a file or of the `.elig` files of a folder; the bundled ones where no path is given.

    Raises RuleError with the diagnostics of all files together, and UsageError where nothing can be read or an ID is
    there twice.
    """
    if path is None and vocabulary is None:
        return bundled_trials()
    files = rule_files(bundled("rules", "trials") if path is None else Path(path))
    texts = [(file.name, read_rule_text(file)) for file in files]
    words = vocabulary or bundled_vocabulary()
    key = _key(texts, words)
    return (_kept(key, texts, words) if key else None) or _compiled(texts, words, key)


def _compiled(texts: Sequence[tuple[str, str]], vocabulary: Vocabulary, key: str | None) -> tuple[Trial, ...]:
    """The trials of texts, and a note of them in the cache."""
    trials: list[Trial] = []
    wrong: list[Diagnostic] = []
    for name, text in texts:
        trial, diagnostics = diagnose(text, vocabulary=vocabulary, name=name)
        if trial is None:
            wrong += [diagnostic for diagnostic in diagnostics if diagnostic.severity == "error"]
        else:
            trials.append(trial)
    if wrong:
        raise RuleError(wrong)
    _refuse_twins(trials)
    if key is not None:
        _keep(key, trials, vocabulary)
    return tuple(trials)


def _key(texts: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> str | None:
    """What compiled trials are kept under; None for a vocabulary that was not read from files."""
    if vocabulary.digest is None:
        return None
    contents = [part.encode() for named in texts for part in named]
    return cache.key_for(bundled("grammars", "criteria.lark").read_bytes(), vocabulary.digest.encode(), *contents)


def _keep(key: str, trials: Sequence[Trial], vocabulary: Vocabulary) -> None:
    codec = rules_codec(vocabulary, [trial.source for trial in trials], [Trial])
    try:
        formulas = {name: codec.encode(formula) for name, formula in proved_formulas(vocabulary).items()}
        cache.keep("trials", key, [codec.encode(tuple(trials)), formulas])
    except Foreign:  # what cannot be written is compiled again each time
        return


def _kept(key: str, texts: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> tuple[Trial, ...] | None:
    """The trials as they were kept, and with them the formulas of the vocabulary."""
    match cache.fetch("trials", key):
        case [trials, formulas]:
            codec = rules_codec(
                vocabulary, [Source(text.removeprefix("\ufeff"), name) for name, text in texts], [Trial]
            )
            try:
                found = cast("tuple[Trial, ...]", codec.decode("tuple[Trial, ...]", trials))
                checked = cast("dict[str, Formula]", codec.decode("Mapping[str, Formula]", formulas))
            except (Foreign, RecursionError, TypeError):  # a class that the codec lacks fails its tests, not its users
                return None
            keep_formulas(vocabulary, checked)
            return found
    return None


_BUNDLED: list[tuple[Trial, ...]] = []


def bundled_trials() -> tuple[Trial, ...]:
    """The trials that come with the package, compiled once."""
    if not _BUNDLED:
        vocabulary = bundled_vocabulary()
        _BUNDLED.append(load_trials(bundled("rules", "trials"), vocabulary=vocabulary))
    return _BUNDLED[0]


def select(trials: Iterable[str | Trial] | str | Trial | None) -> tuple[Trial, ...]:
    """The trials meant by IDs (of bundled ones, in any case of letters) and `Trial`s; all bundled ones for None.

    Raises UsageError for an ID that is not there, with the nearest, and for two trials of one ID.
    """
    if trials is None:
        return bundled_trials()
    asked: Sequence[str | Trial] = [trials] if isinstance(trials, str | Trial) else list(trials)
    chosen = tuple(item if isinstance(item, Trial) else find(item, bundled_trials()) for item in asked)
    _refuse_twins(chosen)
    return chosen


def find(trial_id: str, trials: Sequence[Trial]) -> Trial:
    """The trial of an ID. Raises UsageError with the nearest IDs."""
    if not isinstance(trial_id, str):
        raise UsageError("a trial is given by its ID or as a compiled Trial")
    for trial in trials:
        if trial.id.casefold() == trial_id.strip().casefold():
            return trial
    known = [trial.id for trial in trials]
    hint = did_you_mean(nearest(trial_id, known)) or f"known: {', '.join(known)}"
    raise UsageError(f"no trial `{excerpt(trial_id)}`; {hint}")


def _refuse_twins(trials: Iterable[Trial]) -> None:
    seen: dict[str, Trial] = {}
    for trial in trials:
        twin = seen.setdefault(trial.id.casefold(), trial)
        if twin is not trial:
            raise UsageError(f"two trials have the ID `{trial.id}` ({twin.source.name}, {trial.source.name})")
