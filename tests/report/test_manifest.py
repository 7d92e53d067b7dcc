"""What the manifest says of filters."""

from argyle_nb.report.manifest import described_filters
from argyle_nb.report.privacy import Privacy
from argyle_nb.scores.filters import plain_filters


def test_what_is_told_is_masked_as_the_column_is():
    filters = {"file_name": "ada.pdf", "user": "ada", "document_type": "W-2", "n": 5}
    assert described_filters(filters, Privacy()) == {
        "file_name": "***.pdf",
        "user": "***",
        "document_type": "W-2",
        "n": 5,
    }


def test_times_are_told_in_utc_as_they_were_understood():
    filters = plain_filters({"created_at": ("2024-07-08T02:00+02:00", None)})
    assert described_filters(filters, Privacy()) == {"created_at": ["2024-07-08T00:00:00Z", None]}


def test_a_column_of_ones_own_is_taken_for_personal():
    filters = {"borrower": ["Ada Sample"], "of 123-45-6789": 1}
    assert described_filters(filters, Privacy()) == {"borrower": ["***"], "of ***6789": 1}
