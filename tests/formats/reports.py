"""Reports that mail servers send back, as several of them write them; a test names only what matters to it."""

from tests.formats.replies import crlf

BOUNCE_ADDRESS = "invites@example.com"
RECIPIENT = "ada@example.org"

ORIGINAL = f"""
        Return-Path: <{BOUNCE_ADDRESS}>
        From: Oliver Smith <{BOUNCE_ADDRESS}>
        To: {RECIPIENT}
        Subject: Invitation: Introduction

        Hello
        """


def a_block(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <ada@example.org>: no such user",
    recipient: str = RECIPIENT,
) -> str:
    """Return what a report says of one recipient (RFC 3464, 2.3); what is empty is left out."""
    fields = {
        "Final-Recipient": f"rfc822; {recipient}" if recipient else "",
        "Action": action,
        "Status": status,
        "Diagnostic-Code": diagnostic,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def a_report(*blocks: str, part: str = "message/delivery-status", original: str = ORIGINAL) -> bytes:
    """Return a report as Postfix writes it, with `blocks` about recipients; one that failed if none is given."""
    head = f"""
        From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
        To: {BOUNCE_ADDRESS}
        Subject: Undelivered Mail Returned to Sender
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="AAA/mx.example.org"

        This is a MIME-encapsulated message.

        --AAA/mx.example.org
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        I'm sorry to have to inform you that your message could not be delivered.

        --AAA/mx.example.org
        Content-Description: Delivery report
        Content-Type: {part}

        Reporting-MTA: dns; mx.example.org
        X-Postfix-Queue-ID: 4XYZ
        Arrival-Date: Tue, 24 Nov 2026 12:00:00 +0000 (UTC)

        """
    between = "\n\n--AAA/mx.example.org\nContent-Type: message/rfc822\n\n"
    said = "\n".join(blocks or (a_block(),))
    return b"".join(map(plain, (head, said, between, original, "--AAA/mx.example.org--\n")))


def an_exchange_report() -> bytes:
    """Return a report as Exchange Online writes it: other order, other cases, a long diagnostic in folded lines."""
    return plain(f"""
        From: <postmaster@example.org>
        To: <{BOUNCE_ADDRESS}>
        Subject: Undeliverable: Invitation: Introduction
        Content-Type: multipart/report; report-type=delivery-status;
        \tboundary="f1b2-4d"
        Auto-Submitted: auto-replied
        MIME-Version: 1.0

        --f1b2-4d
        Content-Type: multipart/alternative; differences=Content-Type; boundary="in-4d"

        --in-4d
        Content-Type: text/html; charset="us-ascii"

        <p>Your message wasn't delivered</p>
        --in-4d--
        --f1b2-4d
        Content-Type: message/delivery-status

        Reporting-MTA: dns;AM0PR05.eurprd05.prod.outlook.com
        Received-From-MTA: dns;mail.example.com
        Arrival-Date: Tue, 24 Nov 2026 12:00:00 +0000

        Final-Recipient: rfc822;{RECIPIENT}
        Action: failed
        Status: 5.1.10
        Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound;
        \tRecipient not found by SMTP address lookup

        --f1b2-4d
        Content-Type: text/rfc822-headers

        Subject: Invitation: Introduction
        --f1b2-4d--
        """)


def an_exim_report() -> bytes:
    """Return a report as Exim writes it: always 5.0.0, and the remote server's own words below."""
    diagnostic = (
        "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550 5.1.1 again"
    )
    return a_report(a_block(status="5.0.0", diagnostic=diagnostic))


def a_complaint(*, kind: str = "abuse", mail_from: str = f"<{BOUNCE_ADDRESS}>", original: str = ORIGINAL) -> bytes:
    """Return a complaint in the Abuse Reporting Format (RFC 5965); what is empty is left out."""
    head = f"""
        From: <feedback@provider.example>
        To: <abuse@example.com>
        Subject: FW: Invitation
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

        --part1
        Content-Type: text/plain; charset="US-ASCII"

        This is an email abuse report.
        --part1
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: SomeGenerator/1.0
        Version: 1
        """
    more = f"""
        Original-Rcpt-To: <{RECIPIENT}>
        Received-Date: Tue, 24 Nov 2026 12:00:00 +0000

        --part1
        Content-Type: message/rfc822
        Content-Disposition: inline

        """
    sender = f"Original-Mail-From: {mail_from}\n" if mail_from else ""
    return b"".join(map(plain, (head, sender, more, original, "--part1--\n")))


def plain(text: str) -> bytes:
    """Return `text` as octets with CRLF, without its margin."""
    return crlf(text).encode()
