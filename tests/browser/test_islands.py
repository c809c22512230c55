"""What scripts make of plain fields: variables at the caret, and what the server says about a form while it is filled in."""

from playwright.sync_api import Route, expect

from tests.browser.workshop import Workshop

SUBJECT = """<form><p class="field"><label for="s">Subject</label>
<input id="s" name="subject" data-island="variables" data-variables="#template-variables" value="Hello , welcome"></p>
<p class="field"><label for="n">Notes</label>
<textarea id="n" name="notes" data-island="variables" data-variables="#template-variables">Bye</textarea></p></form>"""


def test_a_variable_goes_where_the_caret_was(work: Workshop) -> None:
    work.open(SUBJECT)
    work.page.get_by_label("Subject", exact=True).focus()
    for _ in range(6):
        work.page.keyboard.press("ArrowRight")
    work.page.get_by_role("button", name="Insert variable: Subject").click()
    work.page.get_by_role("menuitem", name="client.first_name").click()

    expect(work.field("subject")).to_have_value("Hello {{client.first_name}}, welcome")
    expect(work.field("subject")).to_be_focused()
    work.page.keyboard.type("!")
    expect(work.field("subject")).to_have_value("Hello {{client.first_name}}!, welcome")
    work.page.keyboard.press("Control+z")
    work.page.keyboard.press("Control+z")
    expect(work.field("subject")).to_have_value("Hello , welcome")


def test_a_variable_goes_to_the_end_of_a_field_that_nobody_has_been_in(work: Workshop) -> None:
    work.open(SUBJECT)
    work.page.get_by_role("button", name="Insert variable: Notes").click()
    work.page.get_by_role("menuitem", name="host.name").click()

    expect(work.field("notes")).to_have_value("Bye{{host.name}}")


def test_the_menu_of_variables_is_used_by_keyboard_alone(work: Workshop) -> None:
    work.open(SUBJECT)
    keys, button = work.page.keyboard, work.page.get_by_role("button", name="Insert variable: Notes")
    button.focus()

    keys.press("ArrowDown")
    expect(work.page.get_by_role("menuitem", name="booking.id")).to_be_focused()
    keys.press("ArrowUp")
    expect(work.page.get_by_role("menuitem").last).to_be_focused()
    keys.press("h")
    expect(work.page.get_by_role("menuitem", name="host.name")).to_be_focused()
    keys.press("Escape")
    expect(work.page.get_by_role("menu")).to_have_count(0)
    expect(button).to_be_focused()
    keys.press("Enter")
    keys.press("End")
    keys.press("Enter")
    expect(work.field("notes")).to_have_value("Bye{{invitation.rsvp}}")


LIVE = """<form data-live="/rules/preview" data-live-target="#preview">
<input type="hidden" name="_token" value="t0"><p class="field"><label for="s">Subject</label>
<input id="s" name="subject" value="Hello"></p></form>
<div id="preview"><p>Without script: press Show</p></div>"""


def said(form: dict[str, str]) -> tuple[int, str]:
    return 200, f"<p>It says {form['subject']}</p><script>canary()</script>"


def test_what_the_server_says_about_a_form_stands_beside_it_from_the_start_and_after_each_change(
    work: Workshop,
) -> None:
    work.serve("/rules/preview", said)
    work.open(LIVE)
    preview = work.page.locator("#preview")

    expect(preview).to_contain_text("It says Hello")
    expect(preview).to_have_attribute("aria-busy", "false")
    work.page.get_by_label("Subject").fill("Hello you")
    expect(preview).to_contain_text("It says Hello you")

    assert work.asked == [{"_token": "t0", "subject": "Hello"}, {"_token": "t0", "subject": "Hello you"}]


def test_the_server_is_asked_when_typing_has_paused_and_not_about_each_letter(work: Workshop) -> None:
    work.page.clock.install(time="2026-11-20T09:00:00Z")
    work.serve("/rules/preview", said)
    work.open(LIVE)
    expect(work.page.locator("#preview")).to_contain_text("It says Hello")
    work.page.clock.pause_at("2026-11-20T10:00:00Z")
    for letter in "abc":
        work.page.get_by_label("Subject").press(letter)
        work.page.clock.run_for(399)
    assert len(work.asked) == 1

    work.page.clock.run_for(1)

    expect(work.page.locator("#preview")).to_contain_text("It says abcHello")
    assert len(work.asked) == 2


def test_what_is_wrong_with_a_form_is_shown_too(work: Workshop) -> None:
    work.serve("/rules/preview", lambda form: (422 if form["subject"] == "x" else 200, f"<p>{form['subject']}!</p>"))
    work.open(LIVE)
    expect(work.page.locator("#preview")).to_have_text("Hello!")

    work.page.get_by_label("Subject").fill("x")

    expect(work.page.locator("#preview")).to_have_text("x!")
    assert "422" in work.seat.complaints.pop()  # the browser's own line about the answer


def test_an_answer_to_an_older_question_never_replaces_a_newer_one(work: Workshop) -> None:
    held: list[Route] = []

    def asked(route: Route) -> None:
        if "slow" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.fulfill(content_type="text/html", body="<p>the newer</p>")

    work.page.route("**/rules/preview", asked)
    work.open(LIVE.replace("Hello", "slow"))
    preview = work.page.locator("#preview")
    expect(preview).to_have_attribute("aria-busy", "true")
    work.page.get_by_label("Subject").fill("quick")
    expect(preview).to_have_text("the newer")

    held[0].fulfill(content_type="text/html", body="<p>the older</p>")
    work.page.evaluate("fetch('/workshop').then(answer => answer.text())")  # which comes after it
    expect(preview).to_have_text("the newer")
    expect(preview).to_have_attribute("aria-busy", "false")


def test_if_the_server_is_away_a_sentence_says_so_and_the_old_preview_stays(work: Workshop) -> None:
    work.serve("/rules/preview", said)
    work.open(LIVE)
    expect(work.page.locator("#preview")).to_contain_text("It says Hello")
    work.page.unroute_all()
    work.page.route("**/rules/preview", lambda route: route.abort())

    work.page.get_by_label("Subject").fill("lost")
    expect(work.page.get_by_role("status")).to_contain_text("cannot be reached")
    expect(work.page.locator("#preview")).to_contain_text("It says Hello")
    work.seat.complaints.clear()  # the browser's own line about the connection

    work.serve("/rules/preview", said)
    work.page.get_by_label("Subject").fill("back")
    expect(work.page.locator("#preview")).to_contain_text("It says back")
    expect(work.page.get_by_role("status")).to_have_text("")


def test_a_form_whose_session_has_ended_says_so_and_shows_no_sign_in_in_the_preview(work: Workshop) -> None:
    work.page.route("**/rules/preview", lambda route: route.fulfill(status=303, headers={"Location": "/sign-in"}))
    work.open(LIVE)

    expect(work.page.get_by_role("status")).to_contain_text("signed out")
    expect(work.page.locator("#preview")).to_have_text("Without script: press Show")


def test_what_is_alike_in_the_preview_stays_with_its_focus_and_what_was_unfolded(work: Workshop) -> None:
    shown = """<p class="field"><label for="z">Zone</label><input id="z" name="zone" value="{zone}"></p>
    <details class="letter"><summary>Mail to Ada</summary><p>{subject}</p></details>
    <iframe title="The mail" srcdoc="the same"></iframe>"""
    work.serve("/rules/preview", lambda form: (200, shown.format(zone=form.get("zone", ""), subject=form["subject"])))
    work.open(LIVE.replace("</form>", "") + "</form>")
    work.page.get_by_text("Mail to Ada").click()
    work.page.evaluate("document.querySelector('iframe').isTheSame = true")
    zone = work.page.get_by_label("Zone")
    zone.press_sequentially("UT")
    expect(work.page.locator("#z[value=UT]")).to_have_count(1)

    zone.press_sequentially("C")
    work.page.get_by_label("Subject").fill("Hello you")

    expect(work.page.get_by_text("Hello you")).to_be_visible()
    expect(zone).to_have_value("UTC")
    assert work.page.evaluate("document.querySelector('iframe').isTheSame")
