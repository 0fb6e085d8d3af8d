"""Why findings of checkov 3 stay: by the check and the kind of resource, as its comments and metadata say it."""

# Of the functions.
FUNCTION = {
    "CKV_AWS_50": "One function that calls AWS and nothing of ours has nothing to trace.",
    "CKV_AWS_115": "Reserved concurrency would be taken from the other functions of the account.",
    "CKV_AWS_116": "What fails goes to the queue as a destination on failure - which keeps the error too.",
    "CKV_AWS_117": "It calls public endpoints of AWS only - in a VPC it would need a way to them.",
    "CKV_AWS_272": "The code comes with the module - and its digest is in the plan.",
}
# Those that checkov has for CloudFormation too.
FUNCTION_OF_A_STACK = {check: FUNCTION[check] for check in ("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117")}
# Of the bucket with the template of the stack set.
BUCKET = {
    "CKV_AWS_18": "Only who applies this module reads and writes here.",
    "CKV_AWS_144": "A template that is lost is rendered again.",
    "CKV_AWS_145": "The template holds no secret - and Amazon S3 encrypts it with a key of its own.",
    "CKV2_AWS_61": "Old versions are small and show what was rolled out.",
    "CKV2_AWS_62": "Nothing but the stack set waits for a new template.",
}
