"""What is made from the benchmark's one JSON: Markdown tables and a self-contained HTML report."""

from tfinpaint.evaluation.report.html import write_report
from tfinpaint.evaluation.report.results import check_results, read_results
from tfinpaint.evaluation.report.tables import (
    BEGIN,
    END,
    card_mark,
    card_table,
    check_marks,
    plain_table,
    summary_table,
    update_tables,
)

__all__ = [
    "BEGIN",
    "END",
    "card_mark",
    "card_table",
    "check_marks",
    "check_results",
    "plain_table",
    "read_results",
    "summary_table",
    "update_tables",
    "write_report",
]
