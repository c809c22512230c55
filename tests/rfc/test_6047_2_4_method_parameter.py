"""RFC 6047, 2.4: the body part says its method, the same as METHOD in the object; 2.5: it is encoded for transport."""

import email.policy

import pytest

from tests.formats.letters import a_letter, an_invite
from tocsin.domain.invite import Method
from tocsin.formats import mime


@pytest.mark.parametrize("method", Method)
def test_the_part_and_the_object_name_the_same_method(method: Method) -> None:
    message = email.message_from_bytes(mime.write(a_letter(an_invite(method=method))), policy=email.policy.SMTP)

    (part,) = (each for each in message.walk() if each.get_content_type() == "text/calendar")

    assert part.get_param("method") == method
    assert f"\r\nMETHOD:{method}\r\n" in str(part.get_content())
    assert part.get_content_charset() == "utf-8"
    assert part["Content-Transfer-Encoding"] == "base64"
    assert part["Content-Disposition"] is None
