"""The same job done with the usual parts, as a good engineer would: Celery, Redis, icalendar, smtplib, Jinja, nh3.

A booking's deliveries stand in a table; `dispatch` hands those that are due to the queue, `tasks` sends each and marks it sent.
"""
