"""Payroll systems: the words they print and what their PDFs say made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.make_documents.people import chance, money

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal
    from random import Random

LAYOUT_NAMES = ("ledger", "portal", "statement", "voucher")
LINE_WORDINGS: tuple[dict[str, str], ...] = (
    {},
    {
        "Federal Income Tax": "Fed Withholding",
        "Social Security": "OASDI",
        "State Income Tax": "State Withholding",
        "Medicare": "Medicare EE",
    },
    {
        "Federal Income Tax": "FED INCOME TAX",
        "Social Security": "SOC SEC EE",
        "State Income Tax": "STATE INC TAX",
        "Medicare": "MEDICARE EE",
        "Regular": "REGULAR",
        "Overtime": "OVERTIME",
        "Salary": "SALARY",
        "Shift Premium": "SHIFT PREM",
        "Commission": "COMMISSION",
    },
)
SOFTWARE = (
    ("Larkfield Payroll 14.2", "iText 2.1.7 by 1T3XT"),
    ("JasperReports Library version 6.20.0", "OpenPDF 1.3.30"),
    ("Crystal Reports", "Powered By Crystal"),
    ("Meridian HR Suite 9.4", "Apache FOP Version 2.6"),
    ("Paycourier Web", "wkhtmltopdf 0.12.6"),
    ("Oracle BI Publisher 12.2.1.4.0", "Oracle BI Publisher 12.2.1.4.0"),
    ("", "PDFsharp 1.50.5147 (www.pdfsharp.com)"),
)
DATE_FORMATS = ("%m/%d/%Y", "%m/%d/%Y", "%b %d, %Y", "%Y-%m-%d")


@dataclass(frozen=True)
class PayrollSystem:
    """How one payroll system prints; ``sign`` stands before the totals."""

    layout: str
    gross: str
    net: str
    taken: str
    ytd: str
    words: dict[str, str]
    date_format: str
    sign: str
    full_ssn: bool
    creator: str
    producer: str

    def name(self, label: str) -> str:
        """Give this system's word for a line of the paystub."""
        return self.words.get(label, label)

    def dollars(self, amount: Decimal) -> str:
        """Write a total."""
        return f"{self.sign}{money(amount)}"

    def day(self, day: date) -> str:
        """Write a date."""
        return day.strftime(self.date_format)


def make_system(rng: Random, layout: str | None = None) -> PayrollSystem:
    """Choose a payroll system.

    Parameters
    ----------
    rng
        Source of chance.
    layout
        One of `LAYOUT_NAMES`; ``None`` chooses.

    Returns
    -------
    PayrollSystem
        Wordings and software vary independently of the layout.
    """
    creator, producer = rng.choice(SOFTWARE)
    return PayrollSystem(
        layout=layout or rng.choice(LAYOUT_NAMES),
        gross=rng.choice(("Gross Pay", "Total Gross", "Gross Earnings")),
        net=rng.choice(("Net Pay", "Net Amount", "Net Pay")),
        taken=rng.choice(("Total Deductions", "Deductions Total", "Total Taxes and Deductions")),
        ytd=rng.choice(("Year to Date", "YTD", "YTD Amount")),
        words=rng.choice(LINE_WORDINGS),
        date_format=rng.choice(DATE_FORMATS),
        sign=rng.choice(("", "$")),
        full_ssn=chance(rng, 0.3),
        creator=creator,
        producer=producer,
    )
