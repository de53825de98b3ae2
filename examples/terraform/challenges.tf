# The enrolled answers are hashed with it. Without it, no enrolled answer is right.
resource "aws_secretsmanager_secret" "challenge" {
  name_prefix = "${var.name}-"
  description = "Key material of the sign-in challenges."

  lifecycle {
    prevent_destroy = true
  }
}

resource "random_password" "challenge" {
  length  = 64
  special = false
}

resource "aws_secretsmanager_secret_version" "challenge" {
  secret_id     = aws_secretsmanager_secret.challenge.id
  secret_string = random_password.challenge.result

  # A rotation adds later versions.
  lifecycle {
    ignore_changes = [secret_string]
  }
}

data "aws_secretsmanager_secret_version" "challenge" {
  secret_id  = aws_secretsmanager_secret.challenge.id
  version_id = var.secret_version

  depends_on = [aws_secretsmanager_secret_version.challenge]
}

# A new table resets all counts of wrong answers. Sign-ins work without the old counts.
resource "aws_dynamodb_table" "attempts" {
  name         = "${var.name}-attempts"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }
}

resource "aws_s3_bucket" "captcha" {
  bucket_prefix = substr("${var.name}-captcha-", 0, 37)
}

resource "aws_s3_bucket_server_side_encryption_configuration" "captcha" {
  bucket = aws_s3_bucket.captcha.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "captcha" {
  bucket = aws_s3_bucket.captcha.id

  rule {
    id     = "forget-pictures"
    status = "Enabled"

    filter {}

    expiration {
      days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "captcha" {
  bucket = aws_s3_bucket.captcha.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "captcha" {
  bucket = aws_s3_bucket.captcha.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "captcha" {
  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.captcha.arn, "${aws_s3_bucket.captcha.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "captcha" {
  bucket = aws_s3_bucket.captcha.id
  policy = data.aws_iam_policy_document.captcha.json
}
