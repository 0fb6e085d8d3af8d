"""What the rule is: standard library only, shipped verbatim to AWS."""
