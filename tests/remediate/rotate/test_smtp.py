"""The password of Amazon SES's SMTP interface, against passwords that are known to be right."""

import pytest

from checker.remediate.rotate.smtp import smtp_password


@pytest.mark.parametrize(
    ("secret", "region", "password"),
    [
        ("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
        ("another+secret+key", "eu-central-1", "BBbphbrQmrKMx42d1N6+C7VINYEBGI5v9VsZeTxwskfh"),
        ("some+secret+key", "us-west-1", "BH+jbMzper5WwlwUar9E1ySBqHa9whi0GPo+sJ0mVYJj"),
    ],
)
def test_it_is_as_others_derive_it_too(secret: str, region: str, password: str) -> None:
    assert smtp_password(secret, region) == password
