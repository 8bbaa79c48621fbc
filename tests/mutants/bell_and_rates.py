"""Mutants of the bell, its stream, the rates of mails and the templates' previews."""

from tests.mutants.mutant import Mutant

_STREAM = "tests/integration/notifier/test_stream.py"
_BELL = "tests/integration/notifier/test_bell.py"

BELL_AND_RATES = [
    Mutant(
        "who comes later takes a token of those in line",
        "A mail that was told when to come finds a token then.",
        "services/notifier/domain/pacing.py",
        "if bucket.tokens >= 1 and (again or bucket.rests):",
        "if bucket.tokens >= 1:",
        "tests/unit/notifier/test_pacing.py::test_who_comes_later_takes_no_token_from_those_in_line",
    ),
    Mutant(
        "a mail that comes again stands in line anew",
        "What waited for its domain goes.",
        "services/notifier/paces.py",
        "again=mail.paced",
        "again=False",
        "tests/integration/notifier/test_paces.py::test_what_waited_for_its_domain_goes",
    ),
    Mutant(
        "a domain's case makes another domain",
        "One domain has one rate, however it is written.",
        "services/notifier/paces.py",
        '.rpartition("@")[2].lower()',
        '.rpartition("@")[2]',
        "tests/integration/notifier/test_paces.py::test_one_domain_s_case_is_no_other_domain",
    ),
    Mutant(
        "Last-Event-ID is not heard",
        "Whoever comes again is told what came meanwhile.",
        "services/notifier/web/stream.py",
        "after if last_event_id is None else last_event_id",
        "after",
        f"{_STREAM}::test_whoever_comes_again_is_told_what_came_meanwhile[Last-Event-ID]",
    ),
    Mutant(
        "a stream outlives its token",
        "A stream ends with its token.",
        "chassis/streams.py",
        "left = min(STREAM_SECONDS, self._who.until - system_clock().timestamp())",
        "left = STREAM_SECONDS",
        f"{_STREAM}::test_a_stream_ends_with_its_token",
    ),
    Mutant(
        "a preview has a code of ours",
        "Nothing in a preview opens anything.",
        "services/notifier/web/templates.py",
        "sample_links(context.settings.console_url)",
        "(lambda made: type(made)(made.console_url, type(made.keys)('sample', dict.fromkeys(['sample'],"
        " *context.settings.link_keys.keys.values()))))(sample_links(context.settings.console_url))",
        "tests/integration/notifier/test_templates.py::test_a_preview_s_code_is_none_of_ours",
    ),
    Mutant(
        "reading all reads what came since",
        "Reading all leaves what came after the newest that was shown.",
        "services/notifier/web/notifications.py",
        "seq = up_to.seq if up_to else None",
        "seq = None",
        f"{_BELL}::test_reading_all_leaves_what_came_since",
    ),
]
