"""What can go wrong between a client and an API, each told in one sentence."""


class ClientError(Exception):
    """Something that the user of a client can act on."""


class UnreachableError(ClientError):
    """No answer came, or none that an API of this kind gives."""


class RefusedError(ClientError):
    """The API said no. `problems` are pairs of a field's path and what would be right."""

    def __init__(self, message: str, *, status: int, problems: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.problems = problems

    @property
    def field_errors(self) -> dict[str, str]:
        """What would be right, by the path of each wrong field, such as `actions[0].emails[1]`."""
        return dict(self.problems)
