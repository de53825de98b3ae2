variable "name" {
  description = "Start of the names of all resources."
  type        = string
}

variable "package" {
  description = "Name of the function, as its zip has it."
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
  description = "How long the log is kept."
  type        = number
}

variable "environment" {
  description = "Variables of the function."
  type        = map(string)
}

variable "statements" {
  description = "What the function may do besides writing its log."
  type        = list(object({ actions = list(string), resources = list(string) }))
}
