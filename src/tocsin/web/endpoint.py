"""From a request to a page's view and back: workspace, session, role, form; and every error as a page."""

import logging
import re
import uuid
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tocsin.bootstrap import App
from tocsin.domain.errors import ConflictError, InvalidInputError, Problem, RateLimitedError, TocsinError
from tocsin.domain.sessions import Seat, browser_of
from tocsin.logs import refusals
from tocsin.logs.about import note
from tocsin.observation import workspace_at
from tocsin.services import sessions
from tocsin.web import forms, guard
from tocsin.web.fields import Filled, Form, read
from tocsin.web.navigation import ENTRIES
from tocsin.web.pages import HEADERS, page_text, status_of, trouble
from tocsin.web.typed import Typed
from tocsin.web.visit import NOTICES, Answer, Data, Download, Goto, Page, Refusal, Visit

# A browser that is told to send no referrer sends no Origin with forms either, which is what tells ours from others'.
PAGE_HEADERS = HEADERS | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}
# What somebody may reach who has to set up a second factor first.
_WITHOUT_FACTOR = ("/settings/me", "/sign-out")
_LOCAL = re.compile(r"/(?:[A-Za-z0-9._~?&=%+@:/-](?<!//))*", re.ASCII)

log = logging.getLogger("tocsin.web")


def route(app: App, page: Page) -> Route:
    """Return the HTTP route of a page. All but reading the form runs in a thread."""

    async def answer(request: Request) -> Response:
        try:
            body = await forms.body_of(request, limit=page.room.octets) if page.method == "POST" else b""
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        return await run_in_threadpool(_answered, app, page, request, body)

    return Route(page.path, answer, methods=[page.method])


def local(address: str) -> str:
    """Return `address` if it is a page of ours, and else the overview: nobody is sent elsewhere by a link to us."""
    return address if _LOCAL.fullmatch(address) else "/overview"


def _answered(app: App, page: Page, request: Request, body: bytes) -> Response:
    visit: Visit | None = None
    try:
        visit = _visit(app, request)
        if page.role is not None and visit.account is None:
            return _to_sign_in(visit, page)
        if page.role is not None and visit.lacks_factor and not page.path.startswith(_WITHOUT_FACTOR):
            return _redirect(Goto(to="/settings/me", notice="factor-needed"))
        return _respond(visit, page, _form_of(visit, page, request, body))
    except TocsinError as error:
        refusals.because(error)
        return _failed(app, visit, str(error), status=status_of(error))
    except Exception:
        incident = uuid.uuid4().hex[:12]
        log.exception("a page failed unforeseen, incident %s", incident)
        return _failed(app, visit, f"Something went wrong here; the log has it as incident {incident}.", status=500)


def _visit(app: App, request: Request) -> Visit:
    workspace = workspace_at(app, request.headers.getlist("host"))
    token = request.cookies.get(guard.COOKIE, "")
    session, account = sessions.find(guard.door_of(app), workspace.id, token) or (None, None)
    if account is not None:
        note(account=account.id)
    query = request.url.query
    return Visit(
        app=app,
        workspace=workspace,
        account=account,
        token=token if account is not None else "",
        session=session,
        # No id holds what cannot be printed, and PostgreSQL refuses a NUL even in a question.
        path={name: value if value.isprintable() else "" for name, value in request.path_params.items()},
        query=dict(request.query_params),
        address=request.scope["path"] + (f"?{query}" if query else ""),
        seat=Seat(
            source=request.client.host if request.client else "",
            browser=browser_of(request.headers.get("user-agent", "")),
        ),
        origin=guard.origin_of(app, request, workspace),
        openid=request.cookies.get(guard.OPENID_COOKIE, ""),
        fetch_site=request.headers.get("sec-fetch-site", ""),
    )


def _form_of(visit: Visit, page: Page, request: Request, body: bytes) -> Typed:
    """Return what was sent. Raises PermissionDeniedError if not by a page of ours, or by an account that may not."""
    if page.method == "GET":
        sent = Typed()
    else:
        content_type = request.headers.get("content-type", "")
        sent = Typed(tuple(forms.pairs(content_type, body, limit=page.room.octets, most=page.room.fields)))
        guard.must_be_ours(request, visit, dict(sent.pairs))
    if page.role is not None:
        visit.who.must_be(page.role)
    return sent


def _respond(visit: Visit, page: Page, sent: Typed) -> Response:
    inputs: list[Form | Typed] = []
    if page.query is not None:
        inputs.append(_must_read(page.query, visit.query))
    if page.method == "GET":
        return _response(visit, page, page.view(visit, *inputs))
    if page.reads_rows:
        return _response(visit, page, page.view(visit, *inputs, sent))
    try:
        inputs.append(_must_read(page.form, dict(sent.pairs)))
        return _response(visit, page, page.view(visit, *inputs))
    except (InvalidInputError, ConflictError, RateLimitedError) as error:
        if page.again is None:
            raise
        return _shown_again(visit, page, dict(sent.pairs), error)


def _must_read(form: type[Form], sent: Any) -> Form:
    found, problems = read(form, sent)
    if found is None:
        raise InvalidInputError(problems)
    return found


def _shown_again(visit: Visit, page: Page, sent: dict[str, str], error: TocsinError) -> Response:
    refusals.because(error)
    problems: tuple[Problem, ...] = error.problems if isinstance(error, InvalidInputError) else ()
    filled = Filled.of(page.form, sent, problems)
    if not problems:
        filled = Filled(values=filled.values, general=[str(error)])
    values = {} if page.again is None else page.again(visit)
    text = _text(visit, page.template, values, filled={page.form_name: filled})
    headers = dict(PAGE_HEADERS)
    if isinstance(error, RateLimitedError):
        headers["Retry-After"] = str(error.retry_after)
    return Response(text, status_code=status_of(error), media_type="text/html", headers=headers)


def _response(visit: Visit, page: Page, answer: Answer) -> Response:
    match answer:
        case Goto():
            return _redirect(answer)
        case Data():
            return JSONResponse(answer.value, headers=PAGE_HEADERS)
        case Refusal():
            text = _text(visit, page.template, answer.values)
            return Response(text, status_code=status_of(answer.error), media_type="text/html", headers=PAGE_HEADERS)
        case Download():
            headers = PAGE_HEADERS | {"Content-Disposition": f'attachment; filename="{answer.name}"'}
            return Response(answer.content, media_type=answer.media_type, headers=headers)
    return Response(_text(visit, page.template, answer), media_type="text/html", headers=PAGE_HEADERS)


def _redirect(goto: Goto) -> Response:
    joint = "&" if "?" in goto.to else "?"
    to = f"{goto.to}{joint}done={goto.notice}" if goto.notice else goto.to
    response = RedirectResponse(to, status_code=303, headers=PAGE_HEADERS)
    if goto.token is not None:
        guard.keep_session(response, goto.token)
    if goto.openid is not None:
        guard.keep_openid(response, goto.openid)
    return response


def _to_sign_in(visit: Visit, page: Page) -> Response:
    back = f"?next={quote(visit.address)}" if page.method == "GET" else ""
    return _redirect(Goto(to=f"/sign-in{back}"))


def _failed(app: App, visit: Visit | None, sentence: str, *, status: int) -> Response:
    values = trouble(sentence, status)
    text = page_text(app, "error.html", values) if visit is None else _text(visit, "error.html", values)
    headers = PAGE_HEADERS | ({"Retry-After": "1"} if status == 503 else {})
    return Response(text, status_code=status, media_type="text/html", headers=headers)


def _text(visit: Visit, template: str, values: dict[str, Any], *, filled: dict[str, Filled] | None = None) -> str:
    shared = {
        "visit": visit,
        "layout": "base.html" if visit.account is None else "app.html",
        "token": "" if visit.account is None else guard.form_token(visit),
        "settings": ENTRIES,
        "notice": NOTICES.get(visit.query.get("done", ""), ""),
        "form": lambda name: (filled or {}).get(name, Filled()),
        # What is wrong with all of a form stands on top: the form itself may be gone with what made it possible.
        "general": [sentence for one in (filled or {}).values() for sentence in one.general],
    }
    return page_text(visit.app, template, shared | values)
