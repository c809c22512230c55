"""Bytes and text that leave: dates, HTML, iCalendar, MIME, and the scan that everything passes. No I/O."""
