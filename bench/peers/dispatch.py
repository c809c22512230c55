"""The peer's clock: `python -m bench.peers.dispatch` hands every delivery that is due to the queue, and ends."""

import os
from datetime import UTC, datetime
from pathlib import Path

from bench.peers.ledger import connect
from bench.peers.tasks import app, send_invite_task

_DUE = "UPDATE deliveries SET state = 'queued' WHERE state = 'due' AND due_at <= ? RETURNING id"


def main() -> None:
    """Mark what is due and put a task for each of it into the queue, over one kept connection."""
    database = connect(Path(os.environ["PEER_DATABASE"]))
    ids = [row["id"] for row in database.execute(_DUE, (datetime.now(UTC).isoformat(),)).fetchall()]
    with app.producer_or_acquire() as producer:
        for delivery_id in ids:
            send_invite_task.apply_async((delivery_id,), producer=producer)


if __name__ == "__main__":
    main()
