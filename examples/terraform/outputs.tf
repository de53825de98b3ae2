output "user_pool_id" {
  description = "Id of the user pool."
  value       = local.user_pool_id
}

output "user_pool_client_id" {
  description = "Id of the app client of a new pool."
  value       = one(aws_cognito_user_pool_client.client[*].id)
}

output "trigger_arns" {
  description = "Aliases that Cognito calls, for `admin/pool.py attach`."
  value       = { for name, alias in aws_lambda_alias.live : name => alias.arn }
}

output "enrolment_endpoint" {
  description = "Address of the API of the enrolment, for pages."
  value       = one(aws_apigatewayv2_api.enrolment[*].api_endpoint)
}

output "attempts_table_name" {
  description = "Table of the counts of wrong answers, for `admin attempts reset`."
  value       = aws_dynamodb_table.attempts.name
}

output "secret_arn" {
  description = "Secret that `admin` needs."
  value       = aws_secretsmanager_secret.challenge.arn
}
