"""Texts that mean something to one of the languages that keyage writes."""

HOSTILE = [
    "plain",
    'it\'s "quoted"',
    "${aws_iam_role.x.arn} $${y} ${AWS::AccountId}",
    "%{ for x in y } %%{",
    "{{ AutomationAssumeRole }} }} {{{",
    "line\nbreak\r\n\ttab",
    "<script>alert(1)</script> & <!-- -->",
    "'''; import os #",
    "*bold* _it_ `code` [a](b) | cell | \\ ~x~ # h",
    "# comment // /* x */",
    "null: ~, yes, 0123, 1e3 - ? : ! & * @",
    "\u2028\u2029\u0085\ufeff\x00\x1b[31m",
    "ünïcödé 🔑 \U0001f9ff",
    "EOT\nEOT",
    "!Ref x !Sub ${y}",
    "x" * 256,
]
