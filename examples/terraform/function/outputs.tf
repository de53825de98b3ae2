output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.function.function_name
}

output "version" {
  description = "Its newest version."
  value       = aws_lambda_function.function.version
}

output "invoke_arn" {
  description = "Address for calls by API Gateway."
  value       = aws_lambda_function.function.invoke_arn
}
