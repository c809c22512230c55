"""Accounts: who may what."""

import pytest

from tests.builders import an_account
from tocsin.domain.accounts import Role
from tocsin.domain.errors import PermissionDeniedError


def test_an_admin_may_do_all_and_a_viewer_only_look() -> None:
    admin, viewer = an_account(role=Role.ADMIN), an_account(role=Role.VIEWER)

    admin.must_be(Role.ADMIN)
    admin.must_be(Role.VIEWER)
    viewer.must_be(Role.VIEWER)
    with pytest.raises(PermissionDeniedError, match="may look and not change"):
        viewer.must_be(Role.ADMIN)
