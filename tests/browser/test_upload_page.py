"""The page of the upload panel before a kernel that is slow, silent, or says much at once."""

import re

import pytest
from playwright.sync_api import expect

from argyle_nb.widgets.upload import _RULES, UploadPanel
from tests.browser.kernel_part import KernelPart
from tests.browser.lab import assert_focus

pytestmark = pytest.mark.browser

TYPES = [["paystubs", True], ["W-2", True], ["1099", True], ["miscellaneous", False]]
PLACE = {"place": "the local sandbox", "remark": ""}
NOTHING_LEFT = {"not_sent": 0, "not_confirmed": 0, "sent": 0}
COUNT_CHANGES = """() => {
  window.changes = 0;
  const watch = new MutationObserver(records => (window.changes += records.length));
  const status = document.querySelector(".argyle-status");
  watch.observe(status, { childList: true, characterData: true, subtree: true });
}"""


def row(key, state="ready", **known):
    """A row as the kernel tells it."""
    facts = {"file": key, "name": f"{key}.pdf", "size": 10, "found": "PDF", "type": "paystubs"}
    facts |= {"guess": True, "user": "loan-0", "state": state, "fraction": 0, "message": state}
    if state == "done":
        facts |= {"score": 85, "level": "high", "kind": "paystubs", "uploaded": True}
    return facts | known


class Panel(KernelPart):
    """The kernel's part in the talk with the upload panel's page."""

    def __init__(self, page):
        super().__init__(page, UploadPanel, saved={"files": []}, rules=_RULES | PLACE)
        self.version = 0

    def opens(self, *rows, user="loan-0", sending=False, interrupted=NOTHING_LEFT, **more):
        told = {"version": self.version, "types": TYPES, "user": user, "sending": sending}
        told |= {"interrupted": interrupted, "progress": None} | more
        self.answer("open", files=list(rows), **told)

    def tells(self, *rows, gone=(), changes=(), sending=False, version=None, **more):
        self.version = version or self.version + 1
        news = {"files": list(rows), "gone": list(gone), "changes": list(changes)}
        news |= {"user": "loan-0", "sending": sending, "progress": None} | more
        self.say("files", version=self.version, **news)

    def answer_all(self, kind, count):
        for _ in range(count):
            self.answer(kind)


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1180, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def kernel(page):
    return Panel(page)


def everybody(page):
    return page.get_by_label("Borrower of all")


def user_of(page, key):
    return page.get_by_label(f"Borrower of {key}.pdf")


def upload_button(page):
    return page.get_by_role("button", name=re.compile("^Upload( |$)"))


def press(locator):
    locator.focus()
    locator.press("Enter")


def write(field, text):
    field.fill(text)
    field.press("Tab")


# ------------------------------------------------------------------ nothing overtakes a change


def test_nothing_is_sent_before_the_kernel_knows_whose_it_is(page, kernel):
    kernel.opens(row("k1"))
    write(everybody(page), "loan-1")
    everybody(page).fill("loan-2")
    upload_button(page).click()
    assert kernel.kinds("open", "users") == ["set"]
    kernel.answer("set")
    assert kernel.kinds("open", "users") == ["set", "set"]
    assert kernel.heard("set")[-1] == {"all": True, "user": "loan-2"}
    kernel.answer("set")
    assert kernel.kinds("open", "users") == ["set", "set", "send"]


def test_each_change_of_a_row_arrives_in_the_order_in_which_it_was_made(page, kernel):
    kernel.opens(row("k1"))
    kind = page.get_by_label("Document type of k1.pdf")
    kind.select_option("W-2")
    write(user_of(page, "k1"), "loan-9")
    kind.select_option("1099")
    kernel.answer_all("set", 3)
    assert kernel.heard("set") == [
        {"keys": ["k1"], "document_type": "W-2"},
        {"keys": ["k1"], "user": "loan-9"},
        {"keys": ["k1"], "document_type": "1099"},
    ]


def test_whose_all_are_is_what_the_kernel_said_last(page, kernel):
    kernel.opens(row("k1"))
    kernel.tells(user="loan-78")
    expect(everybody(page)).to_have_value("loan-78")
    everybody(page).fill("loan-79")  # somebody is writing
    kernel.tells(user="loan-80")
    expect(everybody(page)).to_have_value("loan-79")


def test_news_of_a_type_is_not_lost_while_a_user_is_being_told(page, kernel):
    kernel.opens(row("k1"))
    write(user_of(page, "k1"), "loan-9")
    kernel.tells(row("k1", type="1099"))
    kernel.answer("set")
    expect(page.get_by_label("Document type of k1.pdf")).to_have_value("1099")
    expect(user_of(page, "k1")).to_have_value("loan-9")


def test_a_type_for_all_is_said_once_of_those_that_are_here(page, kernel):
    kernel.opens(row("k1"))
    page.get_by_label("Document type of all").select_option("W-2")
    assert kernel.heard("set") == [{"all": True, "document_type": "W-2"}]
    expect(page.get_by_label("Document type of all")).to_have_value("")


def test_the_button_sends_what_it_counted(page, kernel):
    kernel.opens(row("k1"), row("k2", "done"), row("k3"))
    upload_button(page).click()
    assert kernel.heard("send") == [{"keys": ["k1", "k3"]}]


def test_every_pattern_is_added(page, kernel):
    kernel.opens()
    page.locator("summary", has_text="Add files from the Jupyter server").click()
    for pattern in ("a/*", "b/*", "c/*"):
        page.get_by_label("File, folder or pattern").fill(pattern)
        page.get_by_role("button", name="Add").click()
    kernel.answer_all("add", 3)
    assert kernel.heard("add") == [{"text": "a/*"}, {"text": "b/*"}, {"text": "c/*"}]


def test_what_gets_no_answer_is_asked_again_under_its_number_and_holds_up_the_rest(page, kernel):
    kernel.opens(row("k1"))
    write(everybody(page), "loan-1")
    upload_button(page).click()
    page.wait_for_function("() => window.sent.filter(({ kind }) => kind === 'set').length === 2")
    first, again = [asked for asked in kernel.sent if asked["kind"] == "set"]
    assert first == again
    assert "send" not in kernel.kinds()


def test_after_a_change_that_failed_nothing_is_sent_and_the_page_says_why(page, kernel):
    kernel.opens(row("k1"))
    write(everybody(page), "loan-1")
    upload_button(page).click()
    kernel.answer("set", error="OSError: the disk is full")
    assert "send" not in kernel.kinds()
    assert kernel.kinds().count("open") == 2
    kernel.opens(row("k1"))
    assert page.get_by_role("alert").inner_text() == "OSError: the disk is full"
    assert everybody(page).input_value() == "loan-0"


def test_a_trouble_is_said_until_the_next_change_whatever_else_is_answered(page, kernel):
    kernel.opens(row("k1"))
    upload_button(page).click()
    kernel.answer("send", error="k1.pdf has no user")
    page.locator("summary", has_text="Upload history").click()
    kernel.answer("earlier")
    kernel.say("earlier", earlier=[])
    assert page.get_by_role("alert").inner_text() == "k1.pdf has no user"
    write(everybody(page), "loan-1")
    assert page.get_by_role("alert").count() == 0


def test_what_is_written_in_a_row_and_not_left_counts_for_the_upload(page, kernel):
    kernel.opens(row("k1"), row("k2"))
    user_of(page, "k2").fill("loan-2")
    # As a browser does that gives buttons no focus.
    upload_button(page).evaluate("button => button.click()")
    kernel.answer("set")
    changed, sent = kernel.heard("set", "send")
    assert changed == {"keys": ["k2"], "user": "loan-2"}
    assert sent == {"keys": ["k1", "k2"]}


def test_what_is_written_in_a_row_and_not_left_counts_for_its_retry(page, kernel):
    kernel.opens(row("k1", "rejected_by_argyle"))
    user_of(page, "k1").fill("loan-2")
    page.get_by_role("button", name="Retry k1.pdf").evaluate("button => button.click()")
    kernel.answer("set")
    assert kernel.heard("set", "send") == [{"keys": ["k1"], "user": "loan-2"}, {"keys": ["k1"]}]


def test_what_may_be_at_argyle_can_be_tried_again_but_not_for_another_user(page, kernel):
    kernel.opens(row("k1", "not_confirmed"))
    assert user_of(page, "k1").is_hidden()
    page.get_by_role("button", name="Retry k1.pdf").click()
    assert kernel.heard("send") == [{"keys": ["k1"]}]


def test_a_choice_is_not_undone_by_news_that_the_kernel_sent_before_it_heard_of_it(page, kernel):
    kernel.opens(row("k1"))
    write(user_of(page, "k1"), "loan-9")
    kernel.tells(row("k1", user="loan-0"))
    assert user_of(page, "k1").input_value() == "loan-9"
    kernel.answer("set")
    assert user_of(page, "k1").input_value() == "loan-9"
    kernel.tells(row("k1", user="loan-10"))
    assert user_of(page, "k1").input_value() == "loan-10"


# ------------------------------------------------------------------ nothing is missed


def test_a_page_that_missed_news_asks_for_everything(page, kernel):
    kernel.opens(row("k1", "waiting"))
    kernel.tells(row("k1", "sending"))
    assert kernel.kinds().count("open") == 1
    kernel.tells(row("k1", "reading"), version=3)
    assert kernel.kinds().count("open") == 2
    kernel.opens(row("k1", "done"))
    assert page.locator(".argyle-document").get_attribute("data-state") == "done"


def test_while_things_move_silently_the_page_asks_whether_it_missed_something(page, kernel):
    kernel.opens(row("k1", "reading"))
    page.wait_for_function("() => window.sent.some(({ kind }) => kind === 'look')")
    kernel.answer("look", version=0)
    assert kernel.kinds().count("open") == 1
    page.wait_for_function("() => window.sent.filter(({ kind }) => kind === 'look').length === 2")
    kernel.answer("look", version=1)
    assert kernel.kinds().count("open") == 2


def test_rows_that_are_gone_go(page, kernel):
    kernel.opens(row("k1"), row("k2"))
    kernel.tells(gone=["k1", "never there"])
    assert page.locator(".argyle-file").all_inner_texts() == ["k2.pdf"]


def test_a_folder_that_was_added_in_the_background_is_told_or_why_it_was_not(page, kernel):
    kernel.opens()
    kernel.say("added", added=12)
    page.get_by_role("status").get_by_text("12 documents added.").wait_for()
    kernel.say("added", trouble="'x/*' names no document")
    assert page.get_by_role("alert").inner_text() == "'x/*' names no document"


# ------------------------------------------------------------------ the keyboard


def test_upload_hands_the_focus_on_to_stop(page, kernel):
    kernel.opens(row("k1"))
    press(upload_button(page))
    kernel.tells(row("k1", "waiting"), sending=True)
    assert_focus(page.get_by_role("button", name="Stop"))


def test_stop_hands_the_focus_on_to_what_can_be_done_next(page, kernel):
    kernel.opens(row("k1", "sending"), sending=True)
    press(page.get_by_role("button", name="Stop"))
    kernel.tells(row("k1", "done"))
    assert_focus(page.get_by_role("button", name="Clear finished"))


def test_clear_finished_hands_the_focus_on_when_nothing_is_left(page, kernel):
    kernel.opens(row("k1", "done"), row("k2", "done"))
    press(page.get_by_role("button", name="Clear finished"))
    assert kernel.heard("remove") == [{"keys": ["k1", "k2"]}]
    kernel.tells(gone=["k1", "k2"])
    assert_focus(everybody(page))


def test_retry_hands_the_focus_on_to_stop_and_not_to_another_row(page, kernel):
    kernel.opens(row("k1", "rejected_by_argyle"), row("k2", "rejected_by_argyle"))
    press(page.get_by_role("button", name="Retry k1.pdf"))
    kernel.tells(row("k1", "waiting"), sending=True)
    assert_focus(page.get_by_role("button", name="Stop"))


def test_a_row_that_is_removed_hands_the_focus_on_to_the_next(page, kernel):
    kernel.opens(row("k1"), row("k2"))
    press(page.get_by_role("button", name="Remove k1.pdf"))
    kernel.tells(gone=["k1"])
    assert_focus(page.get_by_role("button", name="Remove k2.pdf"))


def test_a_field_that_goes_while_somebody_is_in_it_hands_the_focus_on(page, kernel):
    kernel.opens(row("k1"))
    user_of(page, "k1").focus()
    kernel.tells(row("k1", "waiting"), sending=True)
    assert_focus(page.get_by_role("button", name="Stop"))


# ------------------------------------------------------------------ what is read aloud


def test_a_hundred_documents_change_the_line_of_status_a_few_times_only(page, kernel):
    keys = [f"m{number}" for number in range(100)]
    kernel.opens(*[row(key, "waiting") for key in keys], sending=True)
    page.get_by_role("status").get_by_text("100 waiting").wait_for()
    page.evaluate(COUNT_CHANGES)
    started = page.evaluate("() => performance.now()")
    for key in keys:
        kernel.tells(row(key, "done"), sending=True)
    page.get_by_role("status").get_by_text("100 scored").wait_for()
    seconds = (page.evaluate("() => performance.now()") - started) / 1000
    assert page.evaluate("() => window.changes") <= 2 * (seconds + 1)


def test_documents_that_failed_are_one_alert_when_the_batch_is_over(page, kernel):
    kernel.opens(*[row(f"m{number}", "sending") for number in range(4)], sending=True)
    kernel.tells(*[row(f"m{number}", "not_sent") for number in range(3)], sending=True)
    page.get_by_role("status").get_by_text("3 not sent").wait_for()
    assert page.get_by_role("alert").count() == 0
    kernel.tells(row("m3", "done"))
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "3 documents need attention. To list them, select Only problems."
    assert alert.count() == 1
    kernel.tells(gone=["m0", "m1", "m2"])
    alert.wait_for(state="detached")


def test_what_may_have_been_sent_is_not_called_unsent(page, kernel):
    kernel.opens(row("k1", "sending"), sending=True)
    kernel.tells(row("k1", "not_confirmed"))
    page.get_by_role("alert").wait_for()
    told = page.get_by_role("alert").inner_text()
    assert told == (
        "1 document needs attention: 1 not confirmed. To list it, select Only problems."
    )


def test_what_had_failed_when_the_page_was_opened_is_no_alert(page, kernel):
    kernel.opens(row("k1", "not_sent"))
    page.get_by_role("status").get_by_text("1 not sent").wait_for()
    assert page.get_by_role("alert").count() == 0


def test_the_hint_under_a_user_is_read_with_its_field(page, kernel):
    kernel.opens(row("k1"))
    write(user_of(page, "k1"), "loan-9")
    kernel.say("users", text="loan-9", users=[], words="a new user")
    for field, told in ((user_of(page, "k1"), "a new user"), (everybody(page), "")):
        described = field.get_attribute("aria-describedby")
        assert page.locator(f"[id='{described}']").inner_text() == told


# ------------------------------------------------------------------ states


def test_what_argyle_has_and_could_not_be_read_is_a_warning_and_can_be_looked_at_again(
    page, kernel
):
    kernel.opens(row("k1", "unread", message="the connection was lost"))
    shown = page.locator(".argyle-document")
    assert "Status pending: the connection was lost" in shown.inner_text()
    assert page.get_by_role("button", name="Clear finished").count() == 0
    page.get_by_role("button", name="Refresh status k1.pdf").click()
    assert kernel.heard("again") == [{"keys": ["k1"]}]
    page.get_by_role("button", name="Clear k1.pdf").click()
    kernel.answer("again")
    assert kernel.heard("remove") == [{"keys": ["k1"]}]


def test_a_score_that_came_at_the_second_look_is_shown_again(page, kernel):
    kernel.opens(row("k1", "done"))
    kernel.tells(row("k1", "reading", message="Asking Argyle again"))
    assert "Asking Argyle again" in page.locator(".argyle-document").inner_text()
    kernel.tells(row("k1", "done"))
    assert "high authenticity" in page.locator(".argyle-document").inner_text()


# ------------------------------------------------------------------ one list with one count


def test_each_document_is_counted_once_and_the_counts_add_up(page, kernel):
    kernel.opens(
        row("k1", "done"),
        row("k2", "done", score=None, kind="miscellaneous"),
        row("k3", "done", score=None),
        row("k4", "done", duplicate="k1.pdf"),
        row("k5", "not_sent"),
        row("k6"),
        row("k7", type="", guess=False),
        row("k8", type=""),
    )
    page.get_by_role("status").get_by_text("8 documents").wait_for()
    assert page.get_by_role("status").last.inner_text() == (
        "8 documents: 1 being checked, 1 without a document type, 1 ready, 1 scored, 1 uploaded "
        "(type gets no score), 1 uploaded (no score returned), 1 duplicate (not sent), 1 not sent"
    )


def test_only_what_has_a_score_gets_a_tick(page, kernel):
    kernel.opens(
        row("k1", "done"),
        row("k2", "done", score=None, message="processing failed"),
        row("k3", "done", duplicate="k1.pdf"),
        row("k4", "rejected_by_argyle"),
    )
    icons = page.locator(".argyle-document .argyle-icon").all_inner_texts()
    assert icons == ["✓", "⚠", "=", "⚠"]


def test_a_type_that_was_not_recognized_must_be_chosen_and_says_what_gets_no_score(page, kernel):
    kernel.opens(row("k1", type="", guess=False), row("k2"))
    kind = page.get_by_label("Document type of k1.pdf")
    assert kind.input_value() == ""
    assert "Not recognized" in page.locator(".argyle-document").first.inner_text()
    assert "Suggested" in page.locator(".argyle-document").last.inner_text()
    assert kind.locator("option").all_inner_texts()[-1] == "miscellaneous (no score)"
    assert upload_button(page).inner_text() == "Upload 1 document"
    kind.select_option("W-2")
    assert upload_button(page).inner_text() == "Upload 2 documents"
    assert kernel.heard("set") == [{"keys": ["k1"], "document_type": "W-2"}]


def test_only_problems_can_be_shown(page, kernel):
    kernel.opens(
        row("k1", "done"), row("k2", "not_sent"), row("k3"), row("k4", type="", guess=False)
    )
    page.get_by_label("Only problems (2)").check()
    assert page.locator(".argyle-file").all_inner_texts() == ["k2.pdf", "k4.pdf"]
    kernel.tells(changes=[{"file": "k2", "state": "done", "score": 9, "level": "low"}])
    expect(page.locator(".argyle-file")).to_have_text(["k4.pdf"])


def test_what_changed_of_a_row_is_enough(page, kernel):
    kernel.opens(row("k1", "waiting"))
    kernel.tells(changes=[{"file": "k1", "state": "sending", "fraction": 0.5}])
    bar = page.get_by_label("Uploading k1.pdf")
    assert (bar.get_attribute("value"), page.locator(".argyle-file").inner_text()) == (
        "0.5",
        "k1.pdf",
    )


def test_the_foot_says_how_many_are_uploaded_and_how_long_it_takes(page, kernel):
    progress = {"ended": 120, "all": 300, "share": 0.4, "seconds": 60.0}
    kernel.opens(row("k1", "sending"), sending=True, progress=progress)
    page.get_by_text("120 of 300 uploaded, about 2 min left").wait_for()
    assert page.get_by_role("button", name="Stop").is_visible()


def test_of_three_thousand_rows_only_those_in_view_are_drawn_and_each_can_be_reached(page, kernel):
    kernel.opens(*[row(f"k{number}") for number in range(3000)])
    page.get_by_role("status").get_by_text("3,000 ready").wait_for()
    drawn = page.locator(".argyle-document")
    assert drawn.count() < 40
    assert drawn.first.get_attribute("aria-setsize") == "3000"
    box = page.locator(".argyle-rows")
    box.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    page.get_by_label("Borrower of k2999.pdf").wait_for()
    assert drawn.count() < 40
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
    user_of(page, "k2999").focus()
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
    place = page.evaluate("() => document.activeElement.closest('.argyle-document').ariaPosInSet")
    assert 2970 < int(place) < 2990


def test_what_is_written_in_a_row_that_scrolls_away_counts(page, kernel):
    kernel.opens(*[row(f"k{number}") for number in range(300)])
    user_of(page, "k0").fill("loan-9")
    page.locator(".argyle-rows").evaluate("box => { box.scrollTop = box.scrollHeight; }")
    page.get_by_label("Borrower of k299.pdf").wait_for()
    assert kernel.heard("set") == [{"keys": ["k0"], "user": "loan-9"}]


def test_what_an_interrupted_batch_left_is_offered(page, kernel):
    left = {"not_sent": 494, "not_confirmed": 4, "sent": 0}
    kernel.opens(interrupted=left)
    page.get_by_text("A batch was interrupted: 494 not sent, 4 not confirmed.").wait_for()
    page.get_by_role("button", name="Continue").click()
    kernel.answer("resume")
    assert page.get_by_role("button", name="Continue").count() == 0


def test_a_finished_row_opens_its_signals_and_closing_goes_back_to_it(page, kernel):
    kernel.opens(row("k1", "done", signal_count=1))
    press(page.get_by_role("button", name="Open k1.pdf"))
    signal = {"name": "Font differs", "confidence": "", "code": "", "pages": [], "times": 1}
    facts = {"upload": "u1", "score": 85, "level": "high", "size": 0, "problem": ""}
    fields = [{"field": "employer", "value": "Acme"}]
    signals = [signal | {"changes": []}]
    kernel.answer("case", file="k1", signals=signals, fields=fields, **facts)
    details = page.get_by_label("Details of k1.pdf")
    assert details.locator(".argyle-signal").all_inner_texts() == ["Font differs"]
    assert details.locator("td").all_inner_texts() == ["employer", "Acme"]
    page.keyboard.press("Escape")
    assert_focus(page.get_by_role("button", name="Open k1.pdf"))


def test_the_heading_says_where_documents_go(page, kernel):
    assert page.get_by_role("heading").inner_text() == "Upload documents to the local sandbox"
