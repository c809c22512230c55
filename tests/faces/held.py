"""A workspace that holds back what was due, as a restore leaves it; nobody is signed out, and other workspaces stay."""

from dataclasses import replace

from tests.faces.client import Client
from tests.faces.dry_runs import workspace_of
from tocsin.domain import restore


def hold(client: Client) -> int:
    """Hold back what is due in a workspace; return how much it was."""
    now = client.clock()
    because = restore.held_because(taken_at=None, restored_at=now)
    workspace_id = workspace_of(client)
    with client.app.store.transaction(workspace_id) as tx:
        workspace = tx.workspaces.by_id(workspace_id)
        assert workspace is not None
        tx.workspaces.change(replace(workspace, restored_at=now))
        return tx.held.hold(reason=because, by=restore.BY, due_by=now, now=now)
