# The HTTP API that lets users set the answers to their security questions: docs/enrolment.md.

locals {
  enrolment_clients = local.new_pool ? aws_cognito_user_pool_client.client[*].id : var.enrolment_clients
  enrolled          = strcontains(var.auth_flow, "SECURITY_QUESTION") && (local.new_pool || length(var.enrolment_clients) > 0)
  # The routes, and whether they need an access token. The others are for users who cannot sign in: the function checks the
  # token of the link itself.
  enrolment_routes = {
    "GET /enrolment"        = true
    "PUT /enrolment"        = true
    "DELETE /enrolment"     = true
    "POST /enrolment/links" = false
    "GET /enrolment/link"   = false
    "PUT /enrolment/link"   = false
  }
}

module "enrolment" {
  source = "./function"
  count  = local.enrolled ? 1 : 0

  name         = var.name
  package      = "enrolment"
  artifacts    = var.artifacts
  architecture = var.architecture
  # The hashes of all answers are computed at the same time, 19 MiB each.
  memory_size        = 512
  log_retention_days = var.log_retention_days
  environment = merge(local.common, {
    ATTEMPTS_TABLE    = aws_dynamodb_table.attempts.name
    CHALLENGE_SECRET  = data.aws_secretsmanager_secret_version.challenge.secret_string
    ENROLMENT_CLIENTS = join(",", local.enrolment_clients)
    USER_POOL_ID      = local.user_pool_id
  }, var.enrolment_environment)
  statements = [
    {
      actions   = ["cognito-idp:AdminGetUser", "cognito-idp:AdminUpdateUserAttributes"]
      resources = [local.user_pool_arn]
    },
    # The links that were used.
    {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.attempts.arn]
    },
  ]
}

resource "aws_apigatewayv2_api" "enrolment" {
  count = local.enrolled ? 1 : 0

  name          = "${var.name}-enrolment"
  description   = "API for users to set the answers to their security questions."
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.enrolment_origins) > 0 ? [var.enrolment_origins] : []

    content {
      allow_origins = cors_configuration.value
      allow_methods = ["DELETE", "GET", "POST", "PUT"]
      allow_headers = ["authorization", "content-type"]
      max_age       = 600
    }
  }
}

# Checks signature, issuer, expiry and client. The function checks that it is an access token, and its age.
resource "aws_apigatewayv2_authorizer" "access_token" {
  count = local.enrolled ? 1 : 0

  api_id           = aws_apigatewayv2_api.enrolment[0].id
  name             = "AccessToken"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    audience = local.enrolment_clients
    issuer   = "https://cognito-idp.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}/${local.user_pool_id}"
  }
}

resource "aws_apigatewayv2_integration" "enrolment" {
  count = local.enrolled ? 1 : 0

  api_id                 = aws_apigatewayv2_api.enrolment[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.enrolment[0].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "enrolment" {
  for_each = local.enrolled ? local.enrolment_routes : {}

  api_id             = aws_apigatewayv2_api.enrolment[0].id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.enrolment[0].id}"
  authorization_type = each.value ? "JWT" : "NONE"
  authorizer_id      = each.value ? aws_apigatewayv2_authorizer.access_token[0].id : null
}

resource "aws_cloudwatch_log_group" "enrolment_api" {
  count = local.enrolled ? 1 : 0

  name              = "/${var.name}/enrolment-api"
  retention_in_days = var.log_retention_days
}

resource "aws_apigatewayv2_stage" "enrolment" {
  count = local.enrolled ? 1 : 0

  api_id      = aws_apigatewayv2_api.enrolment[0].id
  name        = "$default"
  auto_deploy = true

  # For all users together. Links also have a limit for each user.
  default_route_settings {
    throttling_rate_limit  = 10
    throttling_burst_limit = 20
  }

  # Without addresses and user agents. The function's log has the results.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.enrolment_api[0].arn
    format = jsonencode({
      requestId       = "$context.requestId"
      routeKey        = "$context.routeKey"
      status          = "$context.status"
      latency         = "$context.responseLatency"
      error           = "$context.error.message"
      authorizerError = "$context.authorizer.error"
    })
  }
}

resource "aws_lambda_permission" "enrolment" {
  count = local.enrolled ? 1 : 0

  action        = "lambda:InvokeFunction"
  function_name = module.enrolment[0].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.enrolment[0].execution_arn}/*/*"
}
