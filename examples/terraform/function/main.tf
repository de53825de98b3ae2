# A function from its zip in a release, with its own log and role.

locals {
  zip = "${var.artifacts}/${var.package}-${var.architecture}.zip"
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/${var.name}/${var.package}"
  retention_in_days = var.log_retention_days
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "function" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"]
  }

  dynamic "statement" {
    for_each = var.statements

    content {
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role" "function" {
  name_prefix        = substr("${var.name}-${var.package}-", 0, 38)
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "function" {
  name_prefix = "function"
  role        = aws_iam_role.function.id
  policy      = data.aws_iam_policy_document.function.json
}

resource "aws_lambda_function" "function" {
  function_name    = "${var.name}-${var.package}"
  filename         = local.zip
  source_code_hash = filebase64sha256(local.zip)
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = var.memory_size
  # Cognito waits five seconds for a trigger, even if this value is higher.
  timeout = 5
  role    = aws_iam_role.function.arn
  # Each change creates a version.
  publish = true

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "JSON"
    # The line of each invocation contains its metrics, and Lambda drops lines below the level.
    application_log_level = "INFO"
    log_group             = aws_cloudwatch_log_group.function.name
  }

  depends_on = [aws_iam_role_policy.function]
}
