variable "name" {
  description = "Prefix of the names of all resources."
  type        = string
}

variable "artifacts" {
  description = "Folder with the zips of the functions: dist/ of a release."
  type        = string
}

variable "architecture" {
  description = "Processor of the functions. The folder must have zips for it."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "auth_flow" {
  description = "The steps of a sign-in."
  type        = string
  default     = "PASSWORD,CAPTCHA|PROOF_OF_WORK:3,SECURITY_QUESTION:3"
}

variable "auth_session_minutes" {
  description = "Minutes that a user has for each answer."
  type        = number
  default     = 3

  validation {
    condition     = var.auth_session_minutes >= 3 && var.auth_session_minutes <= 15
    error_message = "auth_session_minutes must be from 3 to 15."
  }
}

variable "existing_user_pool_id" {
  description = "Id of an existing user pool, which `admin/pool.py attach` then changes. Empty for a new one."
  type        = string
  default     = ""
}

variable "enrolment_clients" {
  description = "App clients of the existing pool whose users may change their answers. If empty, the pool has no enrolment."
  type        = list(string)
  default     = []
}

variable "enrolment_origins" {
  description = "Origins of the pages that may call the API of the enrolment."
  type        = list(string)
  default     = []
}

variable "create_environment" {
  description = "More variables of create, such as TURNSTILE_SITE_KEY: see docs/reference.md."
  type        = map(string)
  default     = {}
}

variable "verify_environment" {
  description = "More variables of verify."
  type        = map(string)
  default     = {}
}

variable "enrolment_environment" {
  description = "More variables of the enrolment."
  type        = map(string)
  default     = {}
}

variable "secret_version" {
  description = "Version of the secret for the functions, during a rotation. Null for the current one."
  type        = string
  default     = null
}

variable "alarm_topic_arns" {
  description = "SNS topics that receive the alarms."
  type        = list(string)
  default     = []
}

variable "alarm_denials" {
  description = "Denied sign-ins within five minutes that raise an alarm."
  type        = number
  default     = 50
}

variable "log_retention_days" {
  description = "Retention of the logs, in days."
  type        = number
  default     = 30
}
