# The read-only roles that the workflows assume by OIDC, in the account where keyage runs: `keyage-pull-request` reads
# this account, `keyage-organization` also lists the accounts of the organization and assumes `keyage-audit` in each.
# `keyage-audit` is another role: examples/organization/keyage-audit.yaml makes it in every account.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "repository" {
  description = "OWNER/NAME of the repository that holds policies.yaml."
  type        = string
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  # Which runs may assume a role: those of pull requests, or those of the branch that only reviewed changes reach.
  # The policies are what `keyage permissions check` and `keyage permissions organization` print.
  roles = {
    keyage-pull-request = { subject = "repo:${var.repository}:pull_request", policy = "check.json" }
    keyage-organization = { subject = "repo:${var.repository}:ref:refs/heads/main", policy = "organization.json" }
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [each.value.subject]
    }
  }
}

resource "aws_iam_role" "keyage" {
  for_each           = local.roles
  name               = each.key
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy" "keyage" {
  for_each = local.roles
  name     = "keyage"
  role     = aws_iam_role.keyage[each.key].id
  policy   = file("${path.module}/${each.value.policy}")
}

output "roles" {
  description = "The ARNs for role-to-assume; that of keyage-organization is the parameter Auditor of keyage-audit.yaml."
  value       = { for name, role in aws_iam_role.keyage : name => role.arn }
}
