variable "teams" { type = set(string) }

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  default_tags {
    tags = { team = "security" }
  }
}

resource "aws_iam_user" "robot" {
  count = 2
  name  = "robot-${count.index}"
  path  = "/service/"
  tags  = { purpose = "test" }
}

resource "aws_iam_access_key" "robot" {
  count  = 2
  user   = aws_iam_user.robot[count.index].name
  status = count.index == 0 ? "Active" : "Inactive"
}

resource "aws_iam_user" "nobody" {
  name = "nobody"
}

module "team" {
  source   = "./team"
  for_each = var.teams
  name     = "team-${md5(each.key)}"
}

data "aws_caller_identity" "here" {}
