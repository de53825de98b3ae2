locals {
  common = {
    AUTH_FLOW            = var.auth_flow
    AUTH_SESSION_MINUTES = tostring(var.auth_session_minutes)
  }
  # The functions that Cognito calls.
  triggers = {
    define = module.define
    create = module.create
    verify = module.verify
    tokens = module.tokens
  }
  # All functions.
  functions = merge(local.triggers, local.enrolled ? { enrolment = module.enrolment[0] } : {})
}

module "define" {
  source = "./function"

  name               = var.name
  package            = "define-auth-challenge"
  artifacts          = var.artifacts
  architecture       = var.architecture
  memory_size        = 128
  log_retention_days = var.log_retention_days
  environment        = local.common
  statements         = []
}

module "create" {
  source = "./function"

  name               = var.name
  package            = "create-auth-challenge"
  artifacts          = var.artifacts
  architecture       = var.architecture
  memory_size        = 512
  log_retention_days = var.log_retention_days
  environment = merge(local.common, {
    CAPTCHA_BUCKET   = aws_s3_bucket.captcha.bucket
    CHALLENGE_SECRET = data.aws_secretsmanager_secret_version.challenge.secret_string
  }, var.create_environment)
  statements = [
    # GetObject, because a presigned URL has the permissions of its signer.
    {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${aws_s3_bucket.captcha.arn}/captcha/*"]
    },
  ]
}

module "verify" {
  source = "./function"

  name         = var.name
  package      = "verify-auth-challenge"
  artifacts    = var.artifacts
  architecture = var.architecture
  # Hashing an answer needs 19 MiB, and at most 0.12 s with this memory: see docs/performance.md.
  memory_size        = 512
  log_retention_days = var.log_retention_days
  environment = merge(local.common, {
    ATTEMPTS_TABLE   = aws_dynamodb_table.attempts.name
    CHALLENGE_SECRET = data.aws_secretsmanager_secret_version.challenge.secret_string
  }, var.verify_environment)
  statements = [
    {
      actions   = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.attempts.arn]
    },
  ]
}

module "tokens" {
  source = "./function"

  name               = var.name
  package            = "pre-token-generation"
  artifacts          = var.artifacts
  architecture       = var.architecture
  memory_size        = 128
  log_retention_days = var.log_retention_days
  environment        = local.common
  statements         = []
}

# Cognito calls the aliases. A roll-back points them at previous versions.
resource "aws_lambda_alias" "live" {
  for_each = local.triggers

  name             = "live"
  function_name    = each.value.name
  function_version = each.value.version
}

resource "aws_lambda_permission" "cognito" {
  for_each = local.triggers

  action        = "lambda:InvokeFunction"
  function_name = each.value.name
  qualifier     = aws_lambda_alias.live[each.key].name
  principal     = "cognito-idp.amazonaws.com"
  source_arn    = local.user_pool_arn
}
