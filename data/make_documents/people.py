"""Invented people, employers and payroll systems: nobody here exists.

Social security numbers start with 9 and employer numbers with 00, which are never issued;
telephone numbers are from the 555-01xx range that is kept for fiction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

# fmt: off
FIRST_NAMES = (
    "Maya", "Daniel", "Priya", "Owen", "Lucia", "Tobias", "Amara", "Felix", "Noor", "Grace",
    "Hector", "Ingrid", "Jamal", "Keiko", "Leon", "Marta", "Nadia", "Oscar", "Petra", "Quinn",
    "Rosa", "Samuel", "Tessa", "Umar", "Vera", "Walter", "Ximena", "Yusuf", "Zoe", "Andre",
)
LAST_NAMES = (
    "Rivera", "Okafor", "Lindqvist", "Castellan", "Abara", "Whitlock", "Nakamura", "Delgado",
    "Ferris", "Haldane", "Ibarra", "Jorgensen", "Kowalczyk", "Lamont", "Mbeki", "Novak", "Ortega",
    "Pemberton", "Quigley", "Rasmussen", "Sandoval", "Tremaine", "Underhill", "Vasquez",
    "Winslow", "Yamada", "Zeller", "Brandt", "Carmody", "Dunmore",
)
STREETS = (
    "Alder Court", "Birchfield Road", "Canal Street", "Dogwood Lane", "Eastgate Avenue",
    "Foundry Street", "Garnet Way", "Harbor View Drive", "Ironbridge Road", "Juniper Terrace",
    "Kestrel Lane", "Larch Avenue", "Mill Pond Road", "Northfield Drive", "Orchard Street",
    "Prospect Avenue",
)
PLACES = (
    ("Dayton", "OH", "45402"),
    ("Boise", "ID", "83702"),
    ("Tucson", "AZ", "85701"),
    ("Raleigh", "NC", "27601"),
    ("Austin", "TX", "78701"),
    ("Tampa", "FL", "33602"),
    ("Tacoma", "WA", "98402"),
    ("Madison", "WI", "53703"),
    ("Peoria", "IL", "61602"),
    ("Macon", "GA", "31201"),
)
STATE_TAX = {"OH": "0.0275", "ID": "0.053", "AZ": "0.025", "NC": "0.0425", "WI": "0.0441"}
STATE_TAX |= {"IL": "0.0495", "GA": "0.0539"}
TRADES = (
    "Freight Lines", "Dental Group", "Foods Inc.", "Manufacturing LLC", "Home Health",
    "Logistics Corp.", "Hospitality Partners", "Building Supply Co.", "Analytics Inc.",
    "Medical Center", "School Services", "Tool & Die Works",
)
COMPANY_NAMES = (
    "Harrowgate", "Bluewillow", "Stonecrest", "Tallpine", "Merrivale", "Cobalt", "Northwind",
    "Fairmeadow", "Gallant", "Ashgrove", "Pinnacle", "Ridge", "Silverbrook", "Westmarch",
    "Copperfield", "Lakehurst", "Oakhaven", "Summitline",
)
# fmt: on
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
class Address:
    """Where somebody lives or works."""

    street: str
    city: str
    state: str
    postal_code: str

    @property
    def second_line(self) -> str:
        """City, state and postal code as an envelope shows them."""
        return f"{self.city}, {self.state} {self.postal_code}"


@dataclass(frozen=True)
class Person:
    """An invented person."""

    first: str
    middle: str
    last: str
    address: Address
    ssn: str
    born: date

    @property
    def name(self) -> str:
        """First name, middle initial, last name."""
        return f"{self.first} {self.middle}. {self.last}"

    @property
    def masked_ssn(self) -> str:
        """The number as most paystubs show it."""
        return f"XXX-XX-{self.ssn[-4:]}"


@dataclass(frozen=True)
class Employer:
    """An invented employer."""

    name: str
    address: Address
    ein: str
    telephone: str


def seeded(*parts: object) -> Random:
    """Make a source of chance; the same parts give the same sequence."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - sample data, not secrets


def chance(rng: Random, share: float) -> bool:
    """Come true in a share of all cases, 0 to 1."""
    return rng.random() < share


def make_address(rng: Random, state: str | None = None) -> Address:
    """Invent an address, in a given state if one is named."""
    places = [place for place in PLACES if state in {None, place[1]}]
    city, code, postal = rng.choice(places)
    street = f"{rng.randint(12, 9890)} {rng.choice(STREETS)}"
    return Address(street, city, code, postal)


def make_person(rng: Random) -> Person:
    """Invent a person."""
    # Group 10-49 keeps clear of the taxpayer numbers (ITIN) that do begin with 9.
    ssn = f"9{rng.randint(0, 99):02}-{rng.randint(10, 49)}-{rng.randint(1000, 9899)}"
    return Person(
        first=rng.choice(FIRST_NAMES),
        middle=rng.choice("ABCDEFGHJKLMNPRSTW"),
        last=rng.choice(LAST_NAMES),
        address=make_address(rng),
        ssn=ssn,
        born=date(rng.randint(1962, 2002), rng.randint(1, 12), rng.randint(1, 28)),
    )


def make_employer(rng: Random, state: str | None = None) -> Employer:
    """Invent an employer, in a given state if one is named."""
    return Employer(
        name=f"{rng.choice(COMPANY_NAMES)} {rng.choice(TRADES)}",
        address=make_address(rng, state),
        ein=f"00-{rng.randint(1000000, 9899999)}",
        telephone=f"({rng.randint(201, 989)}) 555-01{rng.randint(0, 99):02}",
    )


def cents(amount: Decimal | float | str) -> Decimal:
    """Round to whole cents."""
    return Decimal(amount).quantize(Decimal("0.01"))


def money(amount: Decimal) -> str:
    """Write an amount as payroll does, ``1,234.56``."""
    return f"{amount:,.2f}"


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
    """Choose a payroll system."""
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
