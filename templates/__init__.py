"""Jinja2 templates only; nothing here is executed by Python."""
