locals {
  new_pool     = var.existing_user_pool_id == ""
  user_pool_id = local.new_pool ? aws_cognito_user_pool.users[0].id : var.existing_user_pool_id
  user_pool_arn = join(":", [
    "arn:${data.aws_partition.current.partition}:cognito-idp:${data.aws_region.current.region}",
    "${data.aws_caller_identity.current.account_id}:userpool/${local.user_pool_id}",
  ])
}

resource "aws_cognito_user_pool" "users" {
  count = local.new_pool ? 1 : 0

  name                = var.name
  deletion_protection = "ACTIVE"
  # An alias, so that users can sign in with the address or the username.
  alias_attributes         = ["email"]
  auto_verified_attributes = ["email"]
  # With MFA, Cognito may issue tokens after its own code without the challenges.
  mfa_configuration = "OFF"

  username_configuration {
    case_sensitive = false
  }

  # A user that signs up alone has no verified address for a link, and so could never enroll.
  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_numbers                  = true
    require_symbols                  = true
    require_uppercase                = true
    temporary_password_validity_days = 3
  }

  # JSON that maps question ids to hashed answers. No client may read or write it.
  schema {
    name                = "security_questions"
    attribute_data_type = "String"
    mutable             = true

    string_attribute_constraints {
      max_length = "2048"
    }
  }

  lambda_config {
    define_auth_challenge          = aws_lambda_alias.live["define"].arn
    create_auth_challenge          = aws_lambda_alias.live["create"].arn
    verify_auth_challenge_response = aws_lambda_alias.live["verify"].arn
    # After NEW_PASSWORD_REQUIRED, Cognito issues tokens without calling define. This function denies them.
    pre_token_generation = aws_lambda_alias.live["tokens"].arn
  }

  # Accounts cannot be restored.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_cognito_user_pool_client" "client" {
  count = local.new_pool ? 1 : 0

  name            = var.name
  user_pool_id    = aws_cognito_user_pool.users[0].id
  generate_secret = false
  # Every other authentication flow issues tokens without the challenges.
  explicit_auth_flows           = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  auth_session_validity         = var.auth_session_minutes
  read_attributes               = ["email", "email_verified", "locale", "name"]
  # Not email: it is used to sign in and to recover the account, so a stolen token must not change it.
  write_attributes = ["locale", "name"]
}
