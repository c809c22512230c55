"""/meetings and /meeting-templates: scheduling links and what they are made from."""

from functools import partial

from tocsin.api.call import V1, Call, Reply, Route
from tocsin.domain.access import Scope
from tocsin.domain.errors import InvalidInputError, Problem
from tocsin.domain.model import SchedulingLink
from tocsin.schemas.links import (
    FormerTemplatesAnswer,
    LinkAnswer,
    LinkChange,
    LinkIn,
    LinkOut,
    LinksAnswer,
    LinksQuery,
    TemplateAnswer,
    TemplatesAnswer,
)
from tocsin.schemas.paging import listing
from tocsin.schemas.reading import read_with_problems
from tocsin.services import links
from tocsin.services.ports import Transaction


def index(call: Call, query: LinksQuery, *, is_template: bool) -> Reply:
    """List scheduling links, or templates."""
    with call.reading() as tx:
        found, total = links.page(
            tx, query.page, templates=is_template, search=query.search, host_email=query.host_email
        )
    name = "meetings" if not is_template else "templates" if call.version is V1 else "meeting_templates"
    base_url = _base_url(call)
    return Reply(body=listing(name, [LinkOut.of(link, base_url=base_url) for link in found], total, query.page))


def create(call: Call, sent: dict[str, object], *, is_template: bool) -> Reply:
    """Create a scheduling link, or a template."""
    wanted, problems = read_with_problems(LinkIn, sent)
    missing = [] if wanted is None else wanted.missing()
    problems += [Problem(field=field, message="is required unless template_id names a template") for field in missing]
    if wanted is None or problems:
        raise InvalidInputError(problems)

    def work(tx: Transaction) -> Reply:
        link = links.create(
            tx,
            wanted.draft(),
            template_id=wanted.template_id,
            is_template=is_template,
            now=call.app.clock(),
            chance=call.app.chance,
        )
        return call.created(_wrapped(call, link, message="Meeting created successfully"))

    return call.write(work)


def show(call: Call, *, is_template: bool) -> Reply:
    """Show a scheduling link, or a template."""
    with call.reading() as tx:
        link = links.get(tx, call.path["id"], is_template=is_template)
    body = _wrapped(call, link, message="")
    return Reply(body=body["meeting"] if call.version is V1 and not is_template else body)


def update(call: Call, sent: dict[str, object], *, is_template: bool) -> Reply:
    """Change a scheduling link, or a template."""
    wanted, problems = read_with_problems(LinkChange, sent)
    if wanted is None:
        raise InvalidInputError(problems)

    def work(tx: Transaction) -> Reply:
        now, chance = call.app.clock(), call.app.chance
        link = links.update(tx, call.path["id"], wanted.draft(), is_template=is_template, now=now, chance=chance)
        return Reply(body=_wrapped(call, link, message="Meeting updated successfully"))

    return call.write(work)


def delete(call: Call, *, is_template: bool) -> Reply:
    """Delete a scheduling link, or a template; bookings and their invites go on."""

    def work(tx: Transaction) -> Reply:
        links.delete(tx, call.path["id"], is_template=is_template, now=call.app.clock())
        return Reply(status=204)

    return call.write(work)


def _wrapped(call: Call, link: SchedulingLink, *, message: str) -> dict[str, object]:
    shown = LinkOut.of(link, base_url=_base_url(call)).wire()
    if link.is_template:
        return {"meeting_template": shown}
    return {"message": message, "meeting": shown} if call.version is V1 and message else {"meeting": shown}


def _base_url(call: Call) -> str:
    return call.app.settings.workspace_url(call.workspace.subdomain)


def _routes(path: str, what: str, *, is_template: bool) -> list[Route]:
    read, write = Scope.LINKS_READ, Scope.LINKS_WRITE
    one, many = (TemplateAnswer, TemplatesAnswer) if is_template else (LinkAnswer, LinksAnswer)
    former_one, former_many = (None, FormerTemplatesAnswer) if is_template else (LinkOut, None)
    kind = is_template
    return [
        Route(method="GET", path=path, handler=partial(index, is_template=kind), scope=read, summary=f"List {what}s",
              query=LinksQuery, answer=many, answer_v1=former_many),
        Route(method="POST", path=path, handler=partial(create, is_template=kind), scope=write, summary=f"Create a {what}",
              body=LinkIn, answer=one, status=201),
        Route(method="GET", path=f"{path}/{{id}}", handler=partial(show, is_template=kind), scope=read,
              summary=f"Show a {what}", answer=one, answer_v1=former_one),
        Route(method="PATCH", path=f"{path}/{{id}}", handler=partial(update, is_template=kind), scope=write,
              summary=f"Change a {what}", body=LinkChange, answer=one),
        Route(method="DELETE", path=f"{path}/{{id}}", handler=partial(delete, is_template=kind), scope=write,
              summary=f"Delete a {what}", status=204),
    ]  # fmt: skip


ROUTES = [
    *_routes("/meetings", "scheduling link", is_template=False),
    *_routes("/meeting-templates", "meeting template", is_template=True),
]
