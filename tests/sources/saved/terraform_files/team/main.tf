variable "name" { type = string }

resource "aws_iam_user" "this" {
  name = var.name
}

resource "aws_iam_access_key" "this" {
  for_each = toset(["$${x} \"q\" it's"])
  user     = aws_iam_user.this.name

  lifecycle {
    create_before_destroy = true
  }
}
