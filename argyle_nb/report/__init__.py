"""Reports: a folder of CSV files, a manifest and one HTML page; read back and compared."""

from argyle_nb.report.comparison import Changes, compare_reports
from argyle_nb.report.export import export_report
from argyle_nb.report.reading import Report, read_report

__all__ = ["Changes", "Report", "compare_reports", "export_report", "read_report"]
