variable "name" {
  description = "Prefix of the names of all resources."
  type        = string
}

variable "package" {
  description = "Name of the function, as in the name of its zip."
  type        = string
}

variable "artifacts" {
  description = "Folder with the zip."
  type        = string
}

variable "architecture" {
  description = "Processor of the function."
  type        = string
}

variable "memory_size" {
  description = "Memory in MB."
  type        = number
}

variable "log_retention_days" {
  description = "Retention of the log, in days."
  type        = number
}

variable "environment" {
  description = "Variables of the function."
  type        = map(string)
}

variable "statements" {
  description = "Permissions of the function besides writing its log."
  type        = list(object({ actions = list(string), resources = list(string) }))
}
