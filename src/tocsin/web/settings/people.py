"""Who may sign in: accounts, their roles, and the links with which they choose a password."""

from functools import partial
from typing import Literal

from tocsin.domain.accounts import Role
from tocsin.schemas.fields import Address
from tocsin.services import account_roles, accounts, password_links, second_factor, subjects
from tocsin.services.password_links import PasswordLink
from tocsin.services.ports import Transaction
from tocsin.web.fields import Form, Id
from tocsin.web.visit import Answer, Goto, Page, Shown, Visit


class NewAccount(Form):
    """Who is to be able to sign in, and what he may do."""

    email: Address
    role: Literal["admin", "viewer"]


class Which(Form):
    """Which account is meant."""

    account: Id


class NewRole(Which):
    """What an account may do from now on."""

    role: Literal["admin", "viewer"]


def show(visit: Visit) -> Shown:
    """List the accounts."""
    with visit.reading() as tx:
        found = accounts.every(tx)
    return {"accounts": found, "link": None, "link_url": ""}


def add(visit: Visit, form: NewAccount) -> Shown:
    """Make an account without a password, and show the link to choose one, this once."""

    def work(tx: Transaction) -> PasswordLink:
        account = accounts.create(tx, form.email, None, role=Role(form.role), now=visit.now, chance=visit.app.chance)
        return password_links.make(tx, account.id, pepper=visit.app.pepper, now=visit.now)

    return _with_link(visit, visit.write(work))


def link(visit: Visit, form: Which) -> Shown:
    """Show a link for somebody who has lost a password, this once."""
    return _with_link(
        visit,
        visit.write(lambda tx: password_links.make(tx, form.account, pepper=visit.app.pepper, now=visit.now)),
    )


def change_role(visit: Visit, form: NewRole) -> Answer:
    """Give an account another role."""
    visit.write(lambda tx: account_roles.change(tx, form.account, Role(form.role)))
    return Goto(to=_PATH, notice="role")


def unbind(visit: Visit, form: Which) -> Answer:
    """Let whoever comes next from the sign-in service with an account's address have it."""
    visit.write(lambda tx: subjects.unbind(tx, form.account))
    return Goto(to=_PATH, notice="unbound")


def reset_factor(visit: Visit, form: Which) -> Answer:
    """Take away the second factor of somebody who has lost it."""
    visit.write(lambda tx: second_factor.turn_off(tx, form.account))
    return Goto(to=_PATH, notice="factor-reset")


def remove(visit: Visit, form: Which) -> Answer:
    """End an account."""
    visit.write(lambda tx: account_roles.remove(tx, form.account))
    return Goto(to=_PATH, notice="account-removed")


def _with_link(visit: Visit, made: PasswordLink) -> Shown:
    base = visit.app.settings.workspace_url(visit.workspace.subdomain)
    return show(visit) | {"link": made, "link_url": f"{base}/password/{made.token}"}


_PATH, _TEMPLATE = "/settings/people", "settings/people.html"
_deed = partial(Page, method="POST", role=Role.ADMIN, template=_TEMPLATE, again=show)
PAGES = [
    Page(path=_PATH, view=show, template=_TEMPLATE),
    _deed(path=f"{_PATH}/add", view=add, form=NewAccount),
    _deed(path=f"{_PATH}/link", view=link, form=Which),
    _deed(path=f"{_PATH}/role", view=change_role, form=NewRole),
    _deed(path=f"{_PATH}/unbind", view=unbind, form=Which),
    _deed(path=f"{_PATH}/reset-factor", view=reset_factor, form=Which),
    _deed(path=f"{_PATH}/remove", view=remove, form=Which),
]
