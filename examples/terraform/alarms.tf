# The alarms of template.yaml, one for each function. docs/operating.md explains what to do about each.

locals {
  # Metrics that the functions write themselves.
  own_metrics = {
    # S3 is late or rejects requests, so pictures are sent inline.
    InlineFallbacks = { function = "create", threshold = 3, period = 900 }
    # Answers cannot be counted, and are wrong.
    AttemptsUnreachable = { function = "verify", threshold = 3, period = 300 }
    # A challenge type cannot check answers.
    CannotJudge = { function = "verify", threshold = 3, period = 300 }
    # Many sign-ins are denied.
    Denied = { function = "define", threshold = var.alarm_denials, period = 300 }
    # The enrolment rejects many requests, such as guessed links.
    EnrolmentsRefused = { function = "enrolment", threshold = var.alarm_denials, period = 300 }
  }
}

# The errors of `tokens` include denied tokens, because a denial is an error.
resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = local.functions

  alarm_name          = "${each.value.name}-errors"
  alarm_description   = "The function fails, and the user sees an error."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.value.name }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = local.functions

  alarm_name          = "${each.value.name}-throttles"
  alarm_description   = "Lambda throttles the function, because too many run at the same time."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = each.value.name }
  statistic           = "Sum"
  period              = 300
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  for_each = local.functions

  alarm_name          = "${each.value.name}-duration"
  alarm_description   = "The function takes almost the five seconds that Cognito allows."
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = each.value.name }
  extended_statistic  = "p99"
  period              = 300
  comparison_operator = "GreaterThanThreshold"
  threshold           = 4000
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "own" {
  for_each = { for metric, alarm in local.own_metrics : metric => alarm if contains(keys(local.functions), alarm.function) }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "See docs/operating.md about the metric ${each.key}."
  namespace           = "CustomAuthChallenge"
  metric_name         = each.key
  dimensions          = { function = local.functions[each.value.function].name }
  statistic           = "Sum"
  period              = each.value.period
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
