"""Values that borrowers share are listed with what chance would give, and rings are found."""

import numpy as np
import pandas as pd
import pytest

import argyle_nb as anb
from argyle_nb import synthetic
from argyle_nb.errors import ConfigurationError, ValidationError
from argyle_nb.shared_values import KINDS, WEAK, links
from argyle_nb.uploads.log import ListedUpload, LogEntry, UploadKey, UploadLog

NAMES = ("Ada Oak", "Bo Elmhurst", "Cy Larch", "Dee Willow", "Eve Thornton", "Flo Maplewood")


def stub(number, *, name=None, ssn=None, account=None, street=None, **changes):
    """Make a paystub that shares nothing with those of other numbers."""
    gross, kept, times = changes.get("pay", (1000 + number * 7.31, 0.7, 2 + number))
    return {
        "employee": {
            "name": name or NAMES[number % len(NAMES)],
            "taxpayer_id": {"last_4_digits": ssn or f"{1000 + number}"},
            "address": {
                "line1": street or f"{number} Elm St",
                "postal_code": changes.get("postal_code", "29201"),
            },
        },
        "earnings": {
            "totals": [
                {
                    "current_pay": {"amount": f"{gross:.2f}", "currency": "USD"},
                    "ytd_pay": {"amount": f"{gross * times:.2f}", "currency": "USD"},
                }
            ]
        },
        "net_pay": {
            "distribution_details": [{"account_number": account or f"x{2000 + number}"}],
            "totals": {"current_pay": {"amount": f"{gross * kept:.2f}", "currency": "USD"}},
        },
        "employer": {"name": changes.get("employer")},
    }


def template(count, *, first=0, pay=(2317.43, 0.7213, 7.4), employers=(), **same):
    """Make paystubs of one template under names of their own, which share nothing but its pay."""
    return [
        stub(
            first + number,
            name=name_of(first + number),
            pay=pay,
            employer=employers[number % len(employers)] if employers else None,
            **same,
        )
        for number in range(count)
    ]


def name_of(number):
    """Give a name that is like none of another number."""
    return "".join("abcdefghij"[int(digit)] * 3 for digit in f"{number:04}")


def w2(name, employer, number, street=None):
    fields = {
        "employeeName": name,
        "employerName": employer,
        "employerIdNo": number,
        "employeeAddressLine1": street,
        "employeeAddressZip": street and "29201",
    }
    return {"form_type": "W2", "raw_fields": {k: {"value": v} for k, v in fields.items() if v}}


def records(papers, owners=None):
    return [
        {
            "id": f"u{number}",
            "account": owners[number] if owners else f"a{number}",
            "created_at": f"2026-02-{1 + number % 28:02}T10:00:00Z",
            "metadata": {"ocr_data": paper, "ocr_authenticity_score": 30 + number % 70},
        }
        for number, paper in enumerate(papers)
    ]


def linked(papers, contents=None, verdicts=None, owners=None):
    made = records(papers, owners)
    return links(anb.ocr_frame(made), anb.uploads_frame(made), contents, verdicts)


def others(count, first=100):
    """Stubs of borrowers who share nothing, so that there is somebody to compare with."""
    return [stub(first + number, name=name_of(number)) for number in range(count)]


def kinds(found):
    return found.table["kind"].tolist()


def test_borrowers_who_share_nothing_have_no_links():
    found = linked([stub(number) for number in range(6)])
    assert found.table.empty
    assert found.groups().empty
    assert found.compared == 6


def test_the_table_has_its_columns_and_dtypes_also_when_empty():
    empty, full = linked([]), linked([stub(1), stub(2, ssn="1001")])
    assert len(full.table) == 1
    assert empty.table.dtypes.equals(full.table.dtypes)
    assert empty.groups().dtypes.equals(full.groups().dtypes)


@pytest.mark.parametrize(
    ("papers", "kind"),
    [
        ([stub(1, ssn="5555"), stub(2, ssn="5555")], "same SSN digits under another name"),
        ([stub(1, street="9 Oak Ave."), stub(2, street="9 OAK AVE")], "same address"),
        (
            [
                w2("Ada Oak", "Oak Foods Inc.", "12-3456789"),
                w2("Bo Elmhurst", "Pinewood Hotels", "123456789"),
            ],
            "same employer number under another name",
        ),
    ],
)
def test_a_shared_value_is_a_row_of_its_kind(papers, kind):
    found = linked(papers)
    assert kinds(found) == [kind]
    [row] = found.table.itertuples()
    assert (row.borrowers, row.uploads, row.lowest_score) == (2, 2, 30)
    assert str(row.first_seen.date()) == "2026-02-01"
    assert str(row.last_seen.date()) == "2026-02-02"


def test_numbers_saved_again_under_another_name_are_the_same_to_the_cent():
    template = stub(1)
    again = stub(1, name="Gil Ash", ssn="7777", account="8888", street="4 Other Rd")
    found = linked([template, again, *others(40)])
    [row] = found.table.itertuples()
    assert row.kind == "same numbers"
    assert row.value == "gross 1,007.31, net 705.12, year to date 3,021.93"


def test_the_same_account_and_ssn_digits_are_a_link_of_their_own():
    same = [stub(number, ssn="5555", account="x777") for number in (1, 2, 3, 4)]
    found = linked([*same, stub(5, ssn="5555"), stub(6, account="777"), *others(200)])
    [row] = found.table[found.table["kind"] == "same account and SSN digits"].itertuples()
    assert row.borrowers == 4
    assert not row.chance_explains


def test_the_same_file_is_found_whoever_sent_it_and_whatever_was_read():
    contents = pd.DataFrame(
        {"upload_id": ["u0", "u1", "u2"], "sha256": ["a" * 64, "a" * 64, "b" * 64]}
    )
    found = linked([None, None, None], contents)
    [row] = found.table.itertuples()
    assert (row.kind, row.value, row.borrowers) == ("same content", "aaaaaaaa...", 2)
    assert row.expected_by_chance < 1e-70


def test_a_digest_in_capitals_is_the_same_and_an_empty_one_is_none():
    contents = pd.DataFrame(
        {"upload_id": ["u0", "u1", "u2", "u3"], "sha256": ["A" * 64, "a" * 64, "", " "]}
    )
    assert linked([None] * 4, contents).table["borrowers"].tolist() == [2]


def test_contents_come_from_an_upload_log_without_a_download(tmp_path):
    path = tmp_path / "log.sqlite"
    with UploadLog(path) as log:
        for user, upload_id in (("a0", "u0"), ("a1", "u1")):
            key = UploadKey("scope", "c" * 64, "paystubs", user)
            log.claim(key, "stub.pdf")
            log.finish(key, LogEntry("uploaded", upload_id))
        assert log.note_listed("scope", ["u2"]) == {"u2": ListedUpload(1)}
        log.note_content("scope", "u2", 9, "c" * 64)
    [row] = linked([None, None, None], path).table.itertuples()
    assert (row.kind, row.borrowers) == ("same content", 3)


def test_an_upload_log_that_is_not_there_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(ConfigurationError, match="no upload log"):
        linked([stub(1)], tmp_path / "none.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["Ada Oak", "ADA B. OAK", "Oak, Ada"])
def test_one_person_with_several_users_is_counted_not_linked(name):
    papers = [stub(1, name="Ada Oak"), stub(1, name=name)]
    for paper in papers:
        del paper["employee"]["address"]
    found = linked(papers)
    assert found.table.empty
    assert sum(found.not_used.values()) == 3
    assert all(reason.endswith("of borrowers with one name") for reason in found.not_used)


def test_one_borrower_over_two_users_is_joined_by_the_external_id_or_a_column_of_yours():
    made = records([stub(1), stub(1, name="Gil Ash")])
    ocr, uploads = anb.ocr_frame(made), anb.uploads_frame(made)
    assert len(links(ocr, uploads).table) > 0
    assert links(ocr, uploads.assign(external_id="LN-1")).table.empty
    assert links(ocr, uploads.assign(loan="LN-1"), borrower="loan").table.empty


def test_who_gives_an_employer_number_its_usual_name_is_not_counted():
    usual = [w2(name, "Oak Foods Inc.", "12-3456789") for name in NAMES[:4]]
    papers = [
        *usual,
        w2("Gil Ash", "Pinewood Hotels", "12-3456789"),
        w2("Hal Fir", "PINEWOOD HOTELS LLC", "12-3456789"),
    ]
    [row] = linked(papers).table.itertuples()
    assert row.borrowers == 2


def test_an_employer_written_in_several_ways_is_no_link():
    ways = ("Oak Foods Inc.", "OAK FOODS", "Oak Foods, LLC", "oak-foods corp", "Oak Foods Co.")
    assert linked(
        [w2(name, way, "12-3456789") for name, way in zip(NAMES, ways, strict=False)]
    ).table.empty


def test_values_are_masked():
    found = linked(
        [
            stub(1, ssn="5555", street="9 Oak Ave", account="7777"),
            stub(2, ssn="5555", street="9 Oak Ave", account="7777"),
            w2("Ada Oak", "Oak Foods Inc.", "12-3456789"),
            w2("Bo Elmhurst", "Pinewood Hotels", "123456789"),
        ]
    )
    assert set(found.table["value"]) == {"***", "***6789"}
    shown = found._repr_html_() + repr(found) + found.groups().to_csv()
    assert not any(text in shown for text in ("5555", "Oak", "7777", "u0", "a0"))


@pytest.mark.parametrize("known", [None, [], ["another"]])
def test_contents_that_were_not_compared_are_told(known):
    files = None if known is None else pd.DataFrame({"upload_id": known, "sha256": "5f0c" * 16})
    found = linked([stub(1), stub(2)], contents=files)
    assert repr(found).endswith("2 borrowers, contents not compared)")
    assert "the path of the upload log" in found._repr_html_()


def test_of_contents_that_were_compared_nothing_is_told():
    files = pd.DataFrame({"upload_id": ["u0"], "sha256": "5f0c" * 16})
    found = linked([stub(1), stub(2)], contents=files)
    assert repr(found).endswith("2 borrowers)")
    assert "not compared" not in found._repr_html_()


def test_verdicts_count_the_borrowers_with_a_fraudulent_document():
    papers = [stub(1, ssn="5555"), stub(2, ssn="5555"), stub(3, ssn="5555")]
    said = pd.DataFrame({"upload_id": ["u0", "u1"], "verdict": ["fraudulent", "genuine"]})
    assert linked(papers, verdicts=said).table["fraudulent"].tolist() == [1]
    assert linked(papers).table["fraudulent"].isna().all()


def test_an_unknown_verdict_is_an_error():
    said = pd.DataFrame({"upload_id": ["u0"], "verdict": ["fake"]})
    with pytest.raises(ValidationError, match="Unknown verdict"):
        linked([stub(1)], verdicts=said)


def test_a_wide_frame_is_an_error_that_names_the_columns():
    made = records([stub(1)])
    with pytest.raises(ConfigurationError, match="ocr has no column field"):
        links(anb.ocr_frame(made, wide=True), anb.uploads_frame(made))


def test_a_group_lists_all_that_its_borrowers_share():
    changed = [("Ada Oak", "1111"), ("Gil Ash", "2222"), ("Hal Fir", "3333"), ("Ike Yew", "4444")]
    ring = [
        stub(1, name=name, ssn=digits, account=digits, street="9 Oak Ave")
        for name, digits in changed
    ]
    found = linked([*ring, *others(200)])
    [row] = found.groups().itertuples()
    assert (row.borrowers, row.kinds) == (4, "same address, same numbers")
    assert set(found.group(1)["kind"]) == {"same numbers", "same address"}
    with pytest.raises(ConfigurationError, match=r"no group 2. There are 1 groups"):
        found.group(2)


def test_two_weak_kinds_link_only_those_who_share_both():
    house = [stub(number, street="1 Tower Rd", ssn=None) for number in range(1, 5)]
    both = [stub(number, street="1 Tower Rd", ssn="9876") for number in (5, 6, 7)]
    found = linked([*house, *both, *others(300)])
    assert set(kinds(found)) <= set(WEAK)
    [row] = found.groups().itertuples()
    assert (row.borrowers, row.kinds) == (3, "same SSN digits under another name, same address")


def population(size, seed):
    """Make borrowers whose accounts, digits and homes were dealt out by chance, few of each."""
    chance = np.random.default_rng(seed)
    draw = lambda most: chance.integers(0, most, size)  # noqa: E731
    return pd.DataFrame(
        {"account": draw(30) + 1000, "ssn": draw(25) + 2000, "street": draw(20), "zip": draw(15)}
    )


def papers_of(table):
    return [
        stub(
            number,
            name=name_of(number),
            ssn=str(row.ssn),
            account=str(row.account),
            street=f"{row.street} Elm St",
            postal_code=f"292{row.zip:02}",
        )
        for number, row in enumerate(table.itertuples())
    ]


@pytest.mark.parametrize(
    ("kind", "dealt", "kept"),
    [("same account and SSN digits", "ssn", "account"), ("same address", "zip", "street")],
)
def test_what_chance_gives_is_within_a_tenth_of_a_permutation_test(kind, dealt, kept):
    table = population(600, seed=4)
    found = linked(papers_of(table)).table
    expected = found.loc[found["kind"] == kind, "expected_by_chance"].sum()
    chance = np.random.default_rng(5)
    shared = table.groupby([kept, dealt]).size()
    shared = shared[shared > 1].index
    counts = []
    for _ in range(400):
        again = table.assign(**{dealt: chance.permutation(table[dealt])})
        counts.append(again.groupby([kept, dealt]).size().reindex(shared).fillna(0).sum())
    assert len(shared) == (found["kind"] == kind).sum()
    assert expected == pytest.approx(np.mean(counts), rel=0.10)


EMPLOYERS = ("Granite Bakery", "Juniper Dental", "Oak Foods", "Pinewood Hotels", "Summit Roofing")


def test_numbers_under_unlike_employers_link():
    ring = template(5, employers=EMPLOYERS)
    found = linked([*ring, *others(200)])
    [row] = found.groups().itertuples()
    assert (row.borrowers, row.kinds) == (5, "same numbers")
    assert found.table["expected_by_chance"].max() < 0.01


@pytest.mark.parametrize(
    "employers",
    [
        (),  # not read
        ("Oak Foods",),
        ("Oak Foods Inc.", "OAK FOODS", "Oak Fods, LLC", None),
        # Three of four: one is misread.
        ("Oak Foods", "Oak Foods", "Oak Foods", "Payroll by Summit"),
    ],
)
def test_numbers_from_one_employer_are_expected_and_link_nobody(employers):
    found = linked([*template(12, employers=employers), *others(200)])
    [row] = found.table.itertuples()
    assert (row.borrowers, row.expected_by_chance, row.chance_explains) == (12, 12, True)
    assert found.groups().empty


def test_numbers_on_a_wage_that_most_have_with_other_numbers_link_nobody():
    alike = template(3, employers=EMPLOYERS)
    rest = [
        paper
        for n in range(4)
        for paper in template(
            1, first=10 + n, pay=(2317.43, 0.7 + n / 100, 3.0 + n), employers=[EMPLOYERS[n]]
        )
    ]
    assert linked([*alike, *rest, *others(300)]).groups().empty
    assert linked([*alike, *rest[:2], *others(300)]).groups()["borrowers"].tolist() == [3]


@pytest.mark.parametrize(
    ("count", "same", "grouped"),
    [
        (3, {"street": "9 Oak Ave"}, 3),
        (2, {"street": "9 Oak Ave"}, 0),  # a couple who work at one place
        (3, {"account": "x777", "ssn": "5555"}, 3),
        (3, {"ssn": "5555"}, 3),
    ],
)
def test_numbers_from_one_employer_link_with_something_else_that_three_share(count, same, grouped):
    papers = template(count, employers=["Oak Foods"], **same)
    assert linked([*papers, *others(300)]).groups()["borrowers"].sum() == grouped


def test_coworkers_whose_employer_has_the_number_of_a_payroll_firm_are_no_group():
    usual = [w2(name_of(n), "Summit Payroll", "12-3456789") for n in range(400, 440)]
    yearly = [w2(name_of(n), "Oak Foods", "12-3456789") for n in range(6)]
    papers = [*usual, *yearly, *template(6, employers=["Oak Foods"])]
    owners = [f"a{n}" for n in (*range(46), *range(40, 46))]
    found = linked(papers, owners=owners)
    assert set(kinds(found)) == {"same numbers", "same employer number under another name"}
    assert found.groups().empty


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("employers", [(), ("Oak Foods",), EMPLOYERS])
def test_honest_coworkers_on_eight_wages_are_no_group(employers, seed):
    chance = np.random.default_rng(seed)
    papers = []
    for number in range(200):
        pay = (80 * (15 + number % 8 / 2), chance.choice([0.8235, 0.8455, 0.8735]), 6)
        papers += template(1, first=number, pay=pay, employers=employers[number % 5 :] or employers)
    for number in range(200, 1_000):
        pay = (chance.uniform(900, 4000), chance.uniform(0.68, 0.88), chance.uniform(1, 7))
        papers += template(1, first=number, pay=pay, employers=[name_of(number)])
    found = linked(papers)
    assert len(found.table) >= 20
    assert found.groups().empty


def test_a_name_that_was_not_read_makes_one_person_no_group():
    papers = [stub(1, name="Ada Oak", employer=name) for name in EMPLOYERS[:3]]
    papers[0]["employee"]["name"] = None
    papers = [paper | {"employee": dict(paper["employee"], address=None)} for paper in papers]
    found = linked([*papers, *others(200)])
    assert found.table.empty
    assert sum(found.not_used.values()) == 3


def test_ssn_digits_dealt_out_by_chance_come_as_often_as_expected_and_link_nobody():
    chance = np.random.default_rng(6)
    digits = chance.integers(1, 10_000, 4_000)
    papers = [
        {
            "employee": {
                "name": name_of(n),
                "taxpayer_id": {"last_4_digits": f"{d:04}"},
            }
        }
        for n, d in enumerate(digits)
    ]
    found = linked(papers)
    assert found.table["expected_by_chance"].tolist() == pytest.approx(
        [4_000 / 9_999] * len(found.table)
    )
    shared = found.table["borrowers"].sum() / 4_000
    assert shared == pytest.approx(1 - np.exp(-4_000 / 9_999), abs=0.04)
    assert found.table["chance_explains"].mean() > 0.99
    assert found.groups().empty


@pytest.fixture(scope="module")
def made():
    return synthetic.make_portfolio(4_000, fraud_share=0.06)


@pytest.fixture(scope="module")
def found(made):
    uploads = anb.uploads_frame(made.pages, accounts=made.accounts, users=made.users)
    return links(anb.ocr_frame(made.pages), uploads, made.contents)


def test_planted_rings_are_found_and_honest_coworkers_are_no_group(made, found):
    ring = made.borrowers.set_index("external_id")["ring"]
    groups = found.groups()
    members = [found.group(number)["borrower"].unique() for number in groups["group"]]
    grouped = ring.reindex(np.concatenate(members))
    assert grouped.notna().mean() > 0.99
    assert grouped.notna().sum() > 0.8 * ring.notna().sum()
    of_one_ring = [len(set(ring.reindex(one).fillna(-1))) == 1 for one in members]
    assert np.mean(of_one_ring) > 0.9


def test_honest_coworkers_share_numbers_too(made, found):
    ring = made.borrowers.set_index("external_id")["ring"]
    table = found.table
    rows = found.members[found.members["row"].isin(table.index[table["kind"] == "same numbers"])]
    honest = ring.reindex(rows["borrower"]).isna().groupby(rows["row"].to_numpy()).all()
    assert honest.sum() > 40


def test_every_kind_is_met_and_chance_explains_most_shared_digits(found):
    assert set(kinds(found)) == set(KINDS)
    share = found.table.groupby("kind", observed=True)["chance_explains"].mean()
    assert share["same SSN digits under another name"] > 0.97
    assert share["same content"] == 0


def test_groups_are_numbered_by_size(found):
    groups = found.groups()
    assert groups["group"].tolist() == list(range(1, len(groups) + 1))
    assert groups["borrowers"].is_monotonic_decreasing
