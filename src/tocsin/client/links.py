"""`client.links` and `client.templates`: scheduling links, which the API calls meetings, and what they are made from."""

from collections.abc import Iterator
from typing import cast

from tocsin.client.calls import Calls
from tocsin.client.shapes.links import Link, LinkChange, LinkIn


class Links(Calls):
    """Scheduling links. Scopes: `links:read`, `links:write`."""

    __slots__ = ()

    def list(self, *, search: str | None = None, host_email: str | None = None) -> Iterator[Link]:
        """Yield the links that are wanted."""
        return self._all("meetings", "/meetings", search=search, host_email=host_email)

    def show(self, link_id: str) -> Link:
        """Return a link."""
        return cast(Link, self._part("meeting", "GET", "/meetings/{id}", id=link_id))

    def create(self, link: LinkIn) -> Link:
        """Create a link."""
        return cast(Link, self._part("meeting", "POST", "/meetings", body=link))

    def change(self, link_id: str, changes: LinkChange) -> Link:
        """Change what is given; the rest stays."""
        return cast(Link, self._part("meeting", "PATCH", "/meetings/{id}", body=changes, id=link_id))

    def delete(self, link_id: str) -> None:
        """Delete a link; its bookings and their invites go on."""
        self._delete("/meetings/{id}", id=link_id)


class Templates(Calls):
    """Meeting templates. Scopes: `links:read`, `links:write`."""

    __slots__ = ()

    def list(self, *, search: str | None = None, host_email: str | None = None) -> Iterator[Link]:
        """Yield the templates that are wanted."""
        return self._all("meeting_templates", "/meeting-templates", search=search, host_email=host_email)

    def show(self, template_id: str) -> Link:
        """Return a template."""
        return cast(Link, self._part("meeting_template", "GET", "/meeting-templates/{id}", id=template_id))

    def create(self, template: LinkIn) -> Link:
        """Create a template."""
        return cast(Link, self._part("meeting_template", "POST", "/meeting-templates", body=template))

    def change(self, template_id: str, changes: LinkChange) -> Link:
        """Change what is given; the rest stays."""
        found = self._part("meeting_template", "PATCH", "/meeting-templates/{id}", body=changes, id=template_id)
        return cast(Link, found)

    def delete(self, template_id: str) -> None:
        """Delete a template."""
        self._delete("/meeting-templates/{id}", id=template_id)
