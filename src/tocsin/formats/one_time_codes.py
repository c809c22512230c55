"""Codes of a second factor (RFC 6238: SHA-1, six digits, 30 seconds, as all apps do), and the picture that apps read."""

import hmac
import io

import pyotp

from tocsin.domain.second_factor import STEP_S


def code_at(key: str, step: int) -> str:
    """Return the code of `key` in a step."""
    return pyotp.TOTP(key, interval=STEP_S).generate_otp(step)


def is_code(key: str, step: int, code: str) -> bool:
    """Tell whether `code` is that of `key` in a step, in the same time whatever is wrong with it."""
    return hmac.compare_digest(code_at(key, step).encode(), code.encode(errors="replace"))


def address_of(key: str, *, email: str, place: str) -> str:
    """Return the `otpauth:` address by which an app takes a key; `place` is what the app calls us."""
    return pyotp.TOTP(key, interval=STEP_S).provisioning_uri(name=email, issuer_name=place)


def picture_of(address: str) -> str:
    """Return a QR code as SVG to stand in a page: without style, black on white in any scheme, four modules of margin."""
    # Few people set up a factor, and most processes never need it.
    import segno  # noqa: PLC0415

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out,
        kind="svg",
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=True,
        nl=False,
        omitsize=True,
    )
    return out.getvalue().decode()
